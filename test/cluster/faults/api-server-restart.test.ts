import { expect, vi } from 'vitest';
import { resources } from '../../../src/engines/kubernetes/client/object.ts';
import { openCluster } from '../../testbed/cluster.ts';
import { clusterTest, podOf, testKubeconfig, useCluster } from '../cluster.ts';

const cluster = useCluster('restart');
const { configMaps } = resources;
const patience = { timeout: 60_000, interval: 50 };

function map(name: string, v = '1') {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, labels: { lot: 'restart' } }, data: { v } };
}

clusterTest(
  'an API server that is killed and comes back: reflector, log, and calls go on',
  async () => {
    const testbed = await openCluster();
    // Of another cluster nobody may kill a part.
    expect(testKubeconfig).toBe(testbed.kubeconfig);
    const { client } = cluster();
    const told: string[] = [];
    const troubles: string[] = [];
    await client.create(configMaps, map('before'));
    await client.create(configMaps, map('leaves'));
    const reflection = client.reflect(configMaps, {
      labelSelector: 'lot=restart',
      changed: ({ metadata, data }) => told.push(`${metadata.name}=${(data as { v: string }).v}`),
      gone: ({ metadata }) => told.push(`${metadata.name} gone`),
      trouble: (trouble) => troubles.push(trouble === undefined ? 'well' : 'trouble'),
    });
    await reflection.synced;
    await client.create(
      resources.pods,
      podOf('talks', 'i=0; while [ $i -lt 150 ]; do echo "line $i"; i=$((i+1)); sleep 0.1; done'),
    );
    const chunks: string[] = [];
    const log = (async () => {
      for await (const chunk of client.logs('talks', { container: 'main', follow: true }))
        chunks.push(Buffer.from(chunk).toString());
    })();
    await vi.waitFor(() => expect(chunks.join('')).toContain('line 5\n'), patience);

    await testbed.kill('kube-apiserver');
    await vi.waitFor(() => expect(troubles).toEqual(['trouble']), patience);
    // Asked while nobody answers; it waits.
    const during = client.create(configMaps, map('during'), { patienceMs: 60_000 });
    await testbed.start('kube-apiserver');
    expect(await during).toMatchObject({ object: { metadata: { name: 'during' } } });
    await client.patch(configMaps, 'before', { data: { v: '2' } });
    await client.remove(configMaps, 'leaves');
    await vi.waitFor(
      () => expect(told.toSorted()).toEqual(['before=1', 'before=2', 'during=1', 'leaves gone', 'leaves=1']),
      patience,
    );
    expect(troubles).toEqual(['trouble', 'well']);
    await log;
    expect(chunks.join('')).toBe(Array.from({ length: 150 }, (_, index) => `line ${index}\n`).join(''));
    reflection.close();
  },
  180_000,
);
