import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { systemClock } from '../../../ports/clock.ts';
import { silentLogger } from '../../../ports/logger.ts';
import type { ClusterClient } from './cluster-client.ts';
import { type ClientOptions, openClusterClient } from './open-client.ts';

/** For tests: a kubeconfig file for one server. */
export async function writeKubeconfig(
  server: string,
  user: Readonly<Record<string, unknown>> = { token: 'secret-of-the-test' },
  cluster: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const file = path.join(await mkdtemp(path.join(tmpdir(), 'konverge-kubeconfig-')), 'config');
  const content = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'here', cluster: { server, ...cluster } }],
    users: [{ name: 'me', user }],
    contexts: [{ name: 'test', context: { cluster: 'here', user: 'me', namespace: 'team' } }],
    'current-context': 'test',
  };
  await writeFile(file, JSON.stringify(content), { mode: 0o600 });
  return file;
}

/** For tests: a client of a simulated server, with pauses that nobody has to wait for. */
export async function openTestClient(kubeconfig: string, more: Partial<ClientOptions> = {}): Promise<ClusterClient> {
  return openClusterClient({
    kubeconfig,
    userAgent: 'konverge/test (unit)',
    fieldManager: 'konverge',
    logger: silentLogger,
    clock: systemClock,
    pauses: { firstMs: 2, longestMs: 20 },
    ...more,
  });
}
