import { expect, vi } from 'vitest';
import { isRestart, type StepState } from '../../../src/domain/state.ts';
import { type KubernetesObject, resources } from '../../../src/engines/kubernetes/client/object.ts';
import { kueueLabels } from '../../../src/engines/kubernetes/kueue/labels.ts';
import { ClusterHarness, faultTest } from './harness.ts';
import { useEnginePlace } from './place.ts';

const one = { cpu: '1', memory: '1Gi' };
const place = useEnginePlace('quota', {
  narrow: one,
  contested: one,
  emptied: one,
  stopped: { ...one, stopPolicy: 'Hold' },
  'cpu-only': { cpu: '1' },
  orphan: { ...one, isOrphan: true },
});

/** Ends when it is told to, as soon as it is told. */
const endless = "trap 'exit 143' TERM; sleep 300 & wait";
const most = { cpuMillis: 800 };

faultTest('the second step waits, and is told for what and where', async () => {
  await using harness = await ClusterHarness.open(place());
  const first = harness.launch(harness.order(endless, { queue: 'narrow', request: most }));
  await harness.says(first, 'running');
  const second = harness.launch(harness.order('true', { queue: 'narrow', request: most }));
  expect(await harness.says(second, 'queued', 'waits for quota')).toMatch(/600m more cpu needed/);
  const third = harness.launch(harness.order('true', { queue: 'narrow', request: most }));
  await harness.says(third, 'queued', 'of steps that are alike Kueue tells only why the first one waits');
  expect(harness.engine.whyQueued(second)).toMatch(/^waits for quota: .*cpu/);
  // Kueue puts it into its line a moment after it has made its Workload, and an answer is kept for a while. Which of two
  // that were made in the same second comes first is Kueue's to choose.
  await vi.waitFor(
    async () => expect(await harness.engine.whyQueuedNow(third)).toMatch(/; position [12] of 2 in queue narrow$/),
    { timeout: 45_000, interval: 1000 },
  );
  expect(await harness.engine.whyQueuedNow(second)).toMatch(/cpu.*; position [12] of 2 in queue narrow$/);
  harness.engine.cancel([first]);
  expect((await harness.end(second)).state).toBe('succeeded');
  expect((await harness.end(third)).state).toBe('succeeded');
  expect(harness.engine.whyQueued(second)).toBeUndefined();
});

faultTest('what can never run is refused before anything is submitted', async () => {
  await using harness = await ClusterHarness.open(place());
  const check = (change: Parameters<ClusterHarness['order']>[1]) =>
    harness.engine.check(harness.order('true', { rule: 'big', ...change }));
  expect(check({ queue: 'narrow', request: most })).toBeUndefined();
  expect(check({ queue: 'narrow', request: { cpuMillis: 3000 } })).toMatchObject({
    code: 'never-fits',
    message: expect.stringMatching(/^rule big: queue narrow can never hold it: it asks for 3 cpu of 1 in flavor /),
  });
  expect(check({ queue: 'narrow', request: { custom: { 'example.com/fpga': 2 } } })).toMatchObject({
    code: 'never-fits',
    message: expect.stringContaining('it asks for 2 example.com/fpga, which ClusterQueue'),
  });
  expect(check({ queue: 'cpu-only', request: { memoryBytes: { value: 2 ** 28, stated: true } } })).toMatchObject({
    code: 'never-fits',
    message: expect.stringContaining(`memory, which ClusterQueue ${place().clusterQueueOf('cpu-only')} does not have`),
  });
  expect(check({ queue: 'stopped' })).toMatchObject({
    code: 'queue-stopped',
    message: expect.stringMatching(/queue stopped admits nothing: somebody has stopped .* \(stopPolicy Hold\)$/),
  });
  expect(check({ queue: 'orphan' })).toMatchObject({
    code: 'queue-stopped',
    message: expect.stringMatching(/its ClusterQueue \S+ does not exist$/),
  });
  expect(check({ queue: 'nowhere' })).toMatchObject({
    code: 'queue-unknown',
    message: expect.stringMatching(
      /^there is no LocalQueue nowhere in namespace \S+; there are: contested, cpu-only, /,
    ),
  });
});

faultTest('a step whose default memory the queue does not have runs all the same', async () => {
  await using harness = await ClusterHarness.open(place());
  expect((await harness.run(harness.order('true', { queue: 'cpu-only' }))).state).toBe('succeeded');
});

faultTest('what nobody refused beforehand says why it is not admitted', async () => {
  await using harness = await ClusterHarness.open(place());
  const stopped = harness.launch(harness.order('true', { queue: 'stopped' }));
  const orphan = harness.launch(harness.order('true', { queue: 'orphan' }));
  const nowhere = harness.launch(harness.order('true', { queue: 'nowhere' }));
  expect(await harness.says(stopped, 'queued', 'cannot be admitted')).toMatch(/stopped|inactive/);
  expect(await harness.says(orphan, 'queued', 'cannot be admitted')).toMatch(
    /ClusterQueue .*doesn't exist|does not exist/,
  );
  expect(await harness.says(nowhere, 'queued', 'cannot be admitted')).toMatch(/LocalQueue nowhere/);
});

faultTest('preempted by a higher priority, it goes back to the queue and succeeds later', async () => {
  const { low, high } = place();
  await using harness = await ClusterHarness.open(place());
  const first = harness.launch(harness.order('sleep 4', { queue: 'contested', priorityClass: low, request: most }));
  await harness.says(first, 'running');
  const second = harness.launch(harness.order('true', { queue: 'contested', priorityClass: high, request: most }));
  expect(await harness.says(first, 'queued', 'was preempted')).toMatch(
    /^was preempted by one of higher priority in its ClusterQueue, and starts anew/,
  );
  expect((await harness.end(second)).state).toBe('succeeded');
  expect((await harness.end(first)).state).toBe('succeeded');
  expect(restartsOf(harness, first)).toBe(1);
  expect(harness.of(first).filter(({ state }) => state === 'failed')).toEqual([]);
});

faultTest('deactivated by hand', async () => {
  await using harness = await ClusterHarness.open(place());
  const id = harness.launch(harness.order(endless));
  await harness.says(id, 'running');
  const workload = await workloadOf(harness, id);
  await place().client.patch(resources.workloads, workload.metadata.name, { spec: { active: false } });
  expect((await harness.failed(id)).failure).toMatchObject({
    class: 'never-admissible',
    message: 'it was deactivated by somebody (spec.active of its Workload is false)',
  });
});

faultTest('evicted by a ClusterQueue that is emptied, it goes on when that does', async () => {
  const { client, clusterQueueOf } = place();
  await using harness = await ClusterHarness.open(place());
  const id = harness.launch(harness.order('sleep 4', { queue: 'emptied' }));
  await harness.says(id, 'running');
  const stop = (stopPolicy: string) =>
    client.patch(resources.clusterQueues, clusterQueueOf('emptied'), { spec: { stopPolicy } });
  await stop('HoldAndDrain');
  expect(await harness.says(id, 'queued', 'was evicted')).toContain('for its ClusterQueue was stopped');
  await stop('None');
  expect((await harness.end(id)).state).toBe('succeeded');
  expect(restartsOf(harness, id)).toBe(1);
});

/** As the core counts them. */
function restartsOf(harness: ClusterHarness, id: Parameters<ClusterHarness['of']>[0]): number {
  let state: StepState = 'accepted';
  let restarts = 0;
  for (const { state: next } of harness.of(id)) {
    const now = next === 'uploaded' ? 'committing' : next;
    if (isRestart(state, now)) restarts += 1;
    state = now;
  }
  return restarts;
}

async function workloadOf(harness: ClusterHarness, id: Parameters<ClusterHarness['of']>[0]): Promise<KubernetesObject> {
  const { metadata } = await harness.job(id);
  const { items } = await harness.cluster.client.list(resources.workloads, {
    labelSelector: `${kueueLabels.jobUid}=${metadata.uid}`,
  });
  const [workload] = items;
  if (workload === undefined) throw new Error(`no Workload of ${id}`);
  return workload;
}
