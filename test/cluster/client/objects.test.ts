import { expect } from 'vitest';
import { resources } from '../../../src/engines/kubernetes/client/object.ts';
import { clusterTest, useCluster } from '../cluster.ts';

const cluster = useCluster('objects');
const { configMaps } = resources;

function map(name: string, data: Record<string, string> = {}, labels: Record<string, string> = {}) {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, labels }, data };
}

clusterTest('create, and create again; get, patch, remove', async () => {
  const { client, namespace } = cluster();
  const made = await client.create(configMaps, map('a', { x: '1' }));
  expect(made).toMatchObject({ existed: false, object: { kind: 'ConfigMap', metadata: { name: 'a', namespace } } });
  expect(await client.create(configMaps, map('a', { x: '2' }))).toMatchObject({
    existed: true,
    object: { data: { x: '1' } },
  });
  const patched = await client.patch(configMaps, 'a', { data: { x: null, y: '2' }, metadata: { labels: { l: 'v' } } });
  expect(patched).toMatchObject({ data: { y: '2' }, metadata: { labels: { l: 'v' } } });
  expect(patched?.['data']).toEqual({ y: '2' });
  const managers = ((patched?.metadata['managedFields'] ?? []) as { manager: string }[]).map(({ manager }) => manager);
  expect(new Set(managers)).toEqual(new Set(['konverge']));
  expect(await client.get(configMaps, 'a')).toMatchObject({ data: { y: '2' } });
  expect(await client.remove(configMaps, 'a', { uid: '00000000-0000-0000-0000-000000000000' })).toBe(false);
  expect(await client.remove(configMaps, 'a', { uid: made.object.metadata.uid ?? '' })).toBe(true);
  expect(await client.remove(configMaps, 'a')).toBe(false);
  expect(await client.get(configMaps, 'a')).toBeUndefined();
  expect(await client.patch(configMaps, 'a', { data: {} })).toBeUndefined();
});

clusterTest(
  '600 objects: all pages of a list, and removed by their label',
  async () => {
    const { client } = cluster();
    const names = Array.from({ length: 600 }, (_, index) => `many-${index}`);
    const left = names.values();
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        for (const name of left) await client.create(configMaps, map(name, {}, { lot: 'many' }));
      }),
    );
    await client.create(configMaps, map('other', {}, { lot: 'other' }));
    const { items, resourceVersion } = await client.list(configMaps, { labelSelector: 'lot=many' });
    expect(items.map(({ metadata }) => metadata.name).toSorted()).toEqual(names.toSorted());
    expect(items[0]).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap' });
    expect(resourceVersion).toMatch(/^\d+$/);
    expect(await client.removeAll(configMaps, { labelSelector: 'lot=many' })).toBe(600);
    expect(
      (await client.list(configMaps, { labelSelector: 'lot' })).items.map(({ metadata }) => metadata.name),
    ).toEqual(['other']);
  },
  120_000,
);

clusterTest('read: version and discovery, and nothing where there is nothing', async () => {
  const { client } = cluster();
  expect(await client.read('/version')).toMatchObject({ gitVersion: expect.stringMatching(/^v1\./) });
  expect(await client.read('/apis/batch/v1')).toMatchObject({ kind: 'APIResourceList' });
  expect(await client.read('/apis/nobody.example/v1')).toBeUndefined();
});

clusterTest('an object that the API refuses: its words', async () => {
  const { client } = cluster();
  await expect(client.create(configMaps, map('Not A Name'))).rejects.toMatchObject({
    code: 'cluster-refused',
    message: expect.stringMatching(/status 422 Invalid.*metadata\.name: Invalid value/),
  });
  const big = map('big', { x: 'x'.repeat(4_000_000) });
  await expect(client.create(configMaps, big)).rejects.toMatchObject({ code: 'cluster-refused' });
});

clusterTest('a Secret that cannot be decoded is not quoted', async () => {
  const { client } = cluster();
  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 's' },
    data: { password: 'hunter2-is-no-base64!' },
  };
  const error = await client.create(resources.secrets, secret).catch((thrown: unknown) => thrown as Error);
  expect(error).toMatchObject({ code: 'cluster-refused' });
  expect((error as Error).message).not.toContain('hunter2');
});

clusterTest('a namespace that is not there, and a kind that is not served', async () => {
  const { client } = cluster();
  await expect(client.create(configMaps, map('a'), { namespace: 'no-such-namespace' })).rejects.toMatchObject({
    code: 'cluster-refused',
    message: expect.stringContaining('namespaces "no-such-namespace" not found'),
  });
  const type = { group: 'nobody.example', version: 'v1', kind: 'Thing', plural: 'things', namespaced: true };
  await expect(client.list(type)).rejects.toMatchObject({
    code: 'crd-missing',
    message: expect.stringContaining('things.nobody.example'),
  });
  await expect(client.reflect(type, { changed: () => undefined, gone: () => undefined }).synced).rejects.toMatchObject({
    code: 'crd-missing',
  });
});
