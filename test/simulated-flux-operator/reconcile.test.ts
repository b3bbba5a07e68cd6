import { describe, expect, test } from 'vitest';
import { type Api, type Found, type Kind, Refusal } from './api.ts';
import type { MiniCluster, MiniClusterSpec } from './minicluster.ts';
import { reconcile } from './reconcile.ts';
import { clusterOf, samples } from './samples.ts';

/** An API server of one namespace. It knows of labels only whether a pod has any. */
class FakeApi implements Api {
  readonly objects = new Map<string, Found>();
  readonly calls: string[] = [];

  constructor(...objects: readonly (readonly [Kind, object])[]) {
    for (const [kind, object] of objects) this.put(kind, object as Found);
  }

  private put(kind: Kind, object: Found): Found {
    this.objects.set(`${kind}/${object.metadata.name}`, object);
    return object;
  }

  async get(kind: Kind, _namespace: string, name: string) {
    return this.objects.get(`${kind}/${name}`);
  }

  async list(kind: Kind, _namespace: string, selector: string) {
    const all = [...this.objects].filter(([key]) => key.startsWith(`${kind}/`)).map(([, object]) => object);
    return selector === '' ? all : all.filter(({ metadata }) => metadata.labels?.[selector.slice(1)] === undefined);
  }

  async create(kind: Kind, manifest: object) {
    const found = manifest as Found;
    this.calls.push(`create ${kind} ${found.metadata.name}`);
    return this.put(kind, found);
  }

  async putStatus(cluster: Found, status: object) {
    this.calls.push('status');
    return this.put('miniclusters', { ...cluster, status });
  }

  async patch(kind: Kind, found: Found, type: string, body: unknown) {
    this.calls.push(`patch ${kind} ${found.metadata.name} ${JSON.stringify(body)}`);
    if (type === 'json-patch' && found.metadata.labels === undefined) throw new Refusal(422, 'no labels');
    return found;
  }

  async remove(kind: Kind, found: Found) {
    this.calls.push(`remove ${kind} ${found.metadata.name}`);
    this.objects.delete(`${kind}/${found.metadata.name}`);
  }

  async watch() {}

  get cluster(): MiniCluster {
    return this.objects.get('miniclusters/sample') as unknown as MiniCluster;
  }
}

async function look(api: FakeApi): Promise<{ outcome: string; lines: readonly string[] }> {
  const lines: string[] = [];
  const context = { api, log: (line: string) => void lines.push(line), now: () => new Date(0) };
  return { outcome: await reconcile(context, 'work', 'sample'), lines };
}

const cluster = (spec: MiniClusterSpec) => ['miniclusters', clusterOf(spec)] as const;

describe('one look at a MiniCluster', () => {
  test('makes what is missing, once', async () => {
    const api = new FakeApi(cluster(samples.step));
    expect((await look(api)).outcome).toBe('again');
    const made = ['configmaps sample-entrypoint', 'services step-f', 'jobs sample'].map((name) => `create ${name}`);
    expect(api.calls).toEqual([...made, 'status', 'status']);
    expect((await look(api)).outcome).toBe('again');
    expect(api.calls).toHaveLength(5);
  });

  test('tells that it is ready, and never more', async () => {
    const api = new FakeApi(cluster(samples.step));
    await look(api);
    const { conditions = [], ...status } = api.cluster.status ?? {};
    expect(status).toEqual({ size: 0, jobid: '', maximumSize: 2, selector: 'hpa-selector=sample' });
    const on = conditions.filter((condition) => condition.status === 'True').map(({ type }) => type);
    expect(on).toEqual(['JobMiniClusterReady']);
    expect(conditions).toHaveLength(5);
  });

  test('does nothing for one that is not valid, but for a line in the log', async () => {
    const api = new FakeApi(cluster({ ...samples.step, backoffLimit: -1 }));
    const { outcome, lines } = await look(api);
    expect([outcome, api.calls]).toEqual(['done', []]);
    expect(lines).toEqual(['work/sample is not valid, nothing is done: backoffLimit is negative']);
  });

  test("labels everybody's pods; one without any label stops it before it is ready", async () => {
    const pod = (name: string, labels?: object) => ['pods', { metadata: { name, namespace: 'work', labels } }] as const;
    const good = new FakeApi(cluster(samples.step), pod('other-pod', { a: 'b' }));
    await look(good);
    const patch = '[{"op":"add","path":"/metadata/labels/job-index","value":"other"}]';
    expect(good.calls).toContain(`patch pods other-pod ${patch}`);
    const bad = new FakeApi(cluster(samples.step), pod('bare'));
    await expect(look(bad)).rejects.toThrow('no labels');
    const ready = bad.cluster.status?.conditions?.find(({ type }) => type === 'JobMiniClusterReady');
    expect(ready?.status).toBe('False');
  });

  test('follows its size up to the largest that it may have', async () => {
    const api = new FakeApi(cluster({ ...samples.step, maxSize: 3 }));
    await look(api);
    api.objects.set('miniclusters/sample', {
      ...(api.cluster as unknown as Found),
      spec: { ...api.cluster.spec, size: 3 },
    });
    await look(api);
    expect(api.calls).toContain('patch jobs sample {"spec":{"parallelism":3,"completions":3}}');
    expect(api.cluster.status?.size).toBe(3);
  });

  test('with cleanup is gone, log and status with it, when its first pod has ended', async () => {
    const ended = { metadata: { name: 'sample-0-abc', labels: { 'job-index': '0' } }, status: { phase: 'Succeeded' } };
    const api = new FakeApi(cluster({ ...samples.step, cleanup: true }), ['pods', ended]);
    expect((await look(api)).outcome).toBe('done');
    expect(api.calls.at(-1)).toBe('remove miniclusters sample');
  });
});
