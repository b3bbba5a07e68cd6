import type { Configuration } from '../config/configuration.ts';
import type { KubernetesSettings } from '../domain/kubernetes-settings.ts';
import type { ClientOptions } from '../engines/kubernetes/client/open-client.ts';
import { systemClock } from '../ports/clock.ts';
import { silentLogger } from '../ports/logger.ts';
import { version } from './version.ts';

/** konverge.yaml's, and what the command line says over it. */
export function kubernetesSettings({ kubernetes }: Configuration, namespace: string | undefined): KubernetesSettings {
  return { ...kubernetes, ...(namespace !== undefined && { namespace }) };
}

/** Of a command that asks the cluster itself. `part` is what the API server's audit log shows of it. */
export function clientOptions(
  part: string,
): Pick<ClientOptions, 'userAgent' | 'fieldManager' | 'logger' | 'clock' | 'environment'> {
  return {
    userAgent: `konverge/${version} (${part})`,
    fieldManager: 'konverge',
    logger: silentLogger,
    clock: systemClock,
    environment: process.env,
  };
}
