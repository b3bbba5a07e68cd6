import { randomInt } from 'node:crypto';
import { entrypointName, isWrapped, type Manifest, owned } from './minicluster.ts';
import { initScript } from './scripts/init-script.ts';
import { startScript } from './scripts/start-script.ts';
import { waitScript } from './scripts/wait-script.ts';
import type { SettledCluster } from './settle.ts';

/** The ConfigMap with all scripts, and the keys by which brokers trust each other. */
export function entrypointOf(cluster: SettledCluster, certificate: string): Manifest {
  const { metadata, spec } = cluster;
  const scripts = spec.containers.flatMap((container, index) => [
    ...(container.runFlux ? [[`wait-${index}`, waitScript(cluster, container)] as const] : []),
    ...(isWrapped(container) ? [[`start-${index}`, startScript(cluster, container)] as const] : []),
  ]);
  return owned(cluster, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: entrypointName(cluster), namespace: metadata.namespace },
    data: {
      ...Object.fromEntries(scripts),
      [spec.flux.view.name]: initScript(cluster),
      'curve.cert': spec.flux.curveCert || certificate,
    },
  });
}

const digits = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#';

/** Two random keys in the form of a certificate of CURVE. They fit each other only for our stub of Flux. */
export function makeCertificate(host: string): string {
  const key = (): string => Array.from({ length: 40 }, () => digits[randomInt(digits.length)]).join('');
  return [
    '#   ****  Made by simulated-flux-operator  ****',
    '',
    'metadata',
    '    name = "flux-cert-generator"',
    `    keygen.hostname = "${host}"`,
    'curve',
    `    public-key = "${key()}"`,
    `    secret-key = "${key()}"`,
    '',
  ].join('\n');
}
