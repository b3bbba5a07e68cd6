// Kinds of objects that a cluster does not have, or does not have any more.
import { expect } from 'vitest';
import { makeDirectory } from '../cli/konverge.ts';
import { startHidingProxy } from '../client/hiding-proxy.ts';
import { clusterTest } from '../cluster.ts';
import { ClusterHarness } from './harness.ts';
import { useEnginePlace } from './place.ts';

const place = useEnginePlace('missing-kinds', { narrow: { cpu: '1', memory: '1Gi' } });
const kueue = '/apis/kueue.x-k8s.io';

clusterTest('a cluster without Kueue: said before the first step, by the engine and by the commands', async () => {
  const { client, namespace } = place();
  const proxy = await startHidingProxy(new URL(client.server));
  proxy.hide(kueue);
  const { kubeconfig } = proxy;
  await expect(ClusterHarness.open(place(), { settings: { kubeconfig } })).rejects.toMatchObject({
    code: 'crd-missing',
    message: 'Kueue is not installed: the cluster serves nothing of kueue.x-k8s.io',
    hint: expect.stringContaining('Kueue 0.19'),
  });
  using directory = makeDirectory();
  directory.write('Snakefile', 'rule all:\n    output: "a"\n    shell: "touch a"\n');
  directory.write('konverge.yaml', `engine: kubernetes\nnamespace: ${namespace}\nqueue: main\n`);
  const run = await directory.konverge(['run', '--jobs', '1'], kubeconfig);
  expect(run.code).not.toBe(0);
  expect(run.stdout + run.stderr).toContain('crd-missing: Kueue is not installed');
  const doctor = await directory.konverge(['doctor', '--json'], kubeconfig);
  expect(doctor.code).toBe(4);
  expect(doctor.stdout).toMatch(/"name":"kueue","status":"missing"/);
});

clusterTest(
  'a kind that goes away in the middle: who waits is told so, and nothing fails',
  async () => {
    const proxy = await startHidingProxy(new URL(place().client.server));
    const { kubeconfig } = proxy;
    await using harness = await ClusterHarness.open(place(), { settings: { kubeconfig } });
    const runs = harness.launch(
      harness.order('until [ -e go ]; do sleep 0.2; done', { queue: 'narrow', request: { cpuMillis: 800 } }),
    );
    await harness.says(runs, 'running');
    const waits = harness.launch(harness.order('true', { queue: 'narrow', request: { cpuMillis: 800 } }));
    await harness.says(waits, 'queued', 'waits for quota');
    proxy.hide(kueue);
    expect(await harness.says(waits, 'queued', 'as last heard')).toMatch(
      /nothing new is, for the API server \S+ does not serve workloads\.kueue\.x-k8s\.io \(watch workloads\.kueue\.x-k8s\.io in namespace /,
    );
    const { metadata } = await harness.pod(runs);
    await place().client.exec(metadata.name, 'step', ['sh', '-c', 'touch /konverge/work/go']);
    expect((await harness.end(runs)).state).toBe('succeeded');
    proxy.hide(undefined);
    expect((await harness.end(waits)).state).toBe('succeeded');
  },
  180_000,
);
