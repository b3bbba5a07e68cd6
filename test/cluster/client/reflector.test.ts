import { expect, vi } from 'vitest';
import type { ReflectOptions } from '../../../src/engines/kubernetes/client/cluster-client.ts';
import { resources } from '../../../src/engines/kubernetes/client/object.ts';
import { changedKubeconfig, clusterTest, openTestCluster, useCluster } from '../cluster.ts';
import { startProxy } from './cuttable-proxy.ts';

const cluster = useCluster('reflector');
const { configMaps } = resources;

function map(name: string, v: string, lot: string) {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, labels: { lot } }, data: { v } };
}

function listener(told: string[]): Pick<ReflectOptions, 'changed' | 'gone'> {
  return {
    changed: ({ metadata, data }) => told.push(`${metadata.name}=${(data as { v: string }).v}`),
    gone: ({ metadata }) => told.push(`${metadata.name} gone`),
  };
}

const patience = { timeout: 30_000, interval: 20 };

clusterTest('create, change, relabel and delete, in order', async () => {
  const { client } = cluster();
  const told: string[] = [];
  await client.create(configMaps, map('a', '1', 'one'));
  const reflection = client.reflect(configMaps, { ...listener(told), labelSelector: 'lot=one' });
  await reflection.synced;
  await client.create(configMaps, map('b', '1', 'one'));
  await client.create(configMaps, map('elsewhere', '1', 'two'));
  await client.patch(configMaps, 'a', { data: { v: '2' } });
  // It no longer matches the selector.
  await client.patch(configMaps, 'b', { metadata: { labels: { lot: 'two' } } });
  await client.patch(configMaps, 'b', { metadata: { labels: { lot: 'one' } } });
  await client.remove(configMaps, 'a');
  await vi.waitFor(() => expect(told).toEqual(['a=1', 'b=1', 'a=2', 'b gone', 'b=1', 'a gone']), patience);
  expect([...reflection.objects()].map(({ metadata }) => metadata.name)).toEqual(['b']);
  reflection.close();
});

clusterTest('a connection that is cut again and again, and a server that is away: nothing is missed', async () => {
  const { client, namespace } = cluster();
  const proxy = await startProxy(new URL(client.server));
  const kubeconfig = await changedKubeconfig(({ clusters }) => {
    for (const { cluster: of } of clusters) of['server'] = `https://127.0.0.1:${proxy.port}`;
  });
  const away = await openTestCluster({ kubeconfig, namespace, pauses: { firstMs: 50, longestMs: 500 } });
  const told: string[] = [];
  const troubles: (string | undefined)[] = [];
  const reflection = away.reflect(configMaps, {
    ...listener(told),
    labelSelector: 'lot=cut',
    trouble: (trouble) => troubles.push(trouble?.message),
  });
  try {
    await reflection.synced;
    for (let round = 0; round < 5; round += 1) {
      await client.create(configMaps, map(`c${round}`, '1', 'cut'));
      proxy.cut();
      await client.patch(configMaps, `c${round}`, { data: { v: '2' } });
    }
    await vi.waitFor(() => expect(told.filter((word) => word.endsWith('=2')).length).toBe(5), patience);
    // Cut in the middle of its next beginning, that was trouble for a moment.
    expect(troubles.at(-1)).toBeUndefined();
    troubles.length = 0;
    await proxy.stop();
    await vi.waitFor(() => expect(troubles.length).toBe(1), patience);
    expect(troubles[0]).toContain(`does not answer (watch configmaps in namespace ${namespace})`);
    await client.remove(configMaps, 'c0');
    await client.create(configMaps, map('late', '1', 'cut'));
    await proxy.start();
    await vi.waitFor(() => expect(told.slice(-2).toSorted()).toEqual(['c0 gone', 'late=1']), patience);
    expect(troubles.slice(1)).toEqual([undefined]);
    // Whatever was cut, nothing was told twice.
    expect(new Set(told).size).toBe(told.length);
  } finally {
    reflection.close();
    await away.close();
    await proxy.stop();
  }
});

clusterTest(
  'a server that keeps a quiet watch sends bookmarks in time',
  async () => {
    const { openWatch } = await import('../../../src/engines/kubernetes/client/watch.ts');
    const { Credentials } = await import('../../../src/engines/kubernetes/client/credentials.ts');
    const { loadKubeconfig } = await import('../../../src/engines/kubernetes/client/kubeconfig.ts');
    const { client, namespace, kubeconfig } = cluster();
    const load = () => loadKubeconfig({ kubeconfig });
    const { systemClock } = await import('../../../src/ports/clock.ts');
    const { silentLogger } = await import('../../../src/ports/logger.ts');
    const api = {
      credentials: new Credentials(await load(), load),
      server: client.server,
      namespace,
      userAgent: 'konverge/test (bookmarks)',
      fieldManager: 'konverge',
      clock: systemClock,
      logger: silentLogger,
      pauses: { firstMs: 100, longestMs: 1000 },
    };
    const abort = new AbortController();
    const options = { labelSelector: 'lot=quiet' };
    const firstWord = async () => {
      const { resourceVersion } = await client.list(configMaps);
      const from = { resourceVersion, silenceMs: 90_000, signal: abort.signal };
      for await (const { type } of await openWatch(api, configMaps, options, from)) return type;
      return 'the server ended it';
    };
    // Other tests may restart the API server meanwhile; a watch that is cut says nothing about bookmarks.
    const word = await firstWord().catch(firstWord);
    expect(word).toBe('BOOKMARK');
    abort.abort();
    api.credentials.close();
  },
  200_000,
);
