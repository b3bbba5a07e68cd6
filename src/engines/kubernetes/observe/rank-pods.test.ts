import { describe, expect, test } from 'vitest';
import type { StepId } from '../../../domain/brand.ts';
import { serializePodReport } from '../../../domain/pod-handshake.ts';
import type { KubernetesObject } from '../client/object.ts';
import type { WorkloadStatus } from '../kinds/kind.ts';
import { observationOf } from './observation-of.ts';
import type { Look, StepObjects } from './step-objects.ts';

const nowMs = Date.parse('2026-11-24T03:00:00Z');

function time(secondsAgo: number): string {
  return new Date(nowMs - secondsAgo * 1000).toISOString().replace('.000Z', 'Z');
}

const running = { running: { startedAt: time(60) } };

function ended(exitCode: number, secondsAgo = 20, more: object = {}): object {
  return { terminated: { exitCode, reason: 'Error', startedAt: time(60), finishedAt: time(secondsAgo), ...more } };
}

/** Deleted so many seconds ago with 30 s of grace. */
const deleted = (ago: number) => ({ deletionTimestamp: time(ago - 30), deletionGracePeriodSeconds: 30 });

interface PodShape {
  readonly madeAgo?: number;
  readonly metadata?: object;
  readonly isReady?: boolean;
  readonly status?: object;
}

function pod(name: string, state: object, { madeAgo = 70, metadata = {}, isReady = true, status = {} }: PodShape = {}) {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `x-${name}`, uid: `u-${name}`, creationTimestamp: time(madeAgo), ...metadata },
    spec: { nodeName: 'node-1', containers: [{ name: 'step', resources: { limits: { memory: '1Gi' } } }] },
    status: {
      phase: 'Running',
      conditions: [
        { type: 'PodScheduled', status: 'True' },
        { type: 'Ready', status: isReady ? 'True' : 'False' },
      ],
      initContainerStatuses: [{ name: 'agent', image: 'agent', restartCount: 0, state: running, lastState: {} }],
      containerStatuses: [{ name: 'step', image: 'lammps', restartCount: 0, state, lastState: {} }],
      ...status,
    },
  } satisfies KubernetesObject;
}

const failed: WorkloadStatus = {
  suspended: false,
  end: { kind: 'failed', reason: 'BackoffLimitExceeded', message: 'it failed' },
};

function look(
  launcher: KubernetesObject | undefined,
  workers: readonly KubernetesObject[],
  status: WorkloadStatus = { suspended: false },
  more: Partial<StepObjects> = {},
): Look {
  const objects: StepObjects = {
    step: 's' as StepId,
    object: { apiVersion: 'kubeflow.org/v2beta1', kind: 'MPIJob', metadata: { name: 'x', uid: 'u' } },
    status,
    isCancelled: false,
    workload: {
      apiVersion: 'kueue.x-k8s.io/v1beta2',
      kind: 'Workload',
      metadata: { name: 'w' },
      spec: { queueName: 'main', active: true },
      status: {
        admission: { clusterQueue: 'cq', podSetAssignments: [] },
        conditions: ['QuotaReserved', 'Admitted'].map((type) => ({
          type,
          status: 'True',
          reason: type,
          message: '',
          lastTransitionTime: time(80),
        })),
      },
    },
    pods: launcher ? [{ object: launcher, gone: false }] : [],
    others: workers.map((object) => ({ role: 'rank', object, gone: false })),
    podsAreFinal: false,
    ...more,
  };
  return observationOf(objects, {}, { imageTimeoutMs: 300_000 }, nowMs);
}

const launcher = (state: object, metadata: object = {}) => pod('launcher', state, { metadata });
const worker = (state: object, shape?: PodShape) => pod('worker-0', state, shape);
const report = (error: object) => serializePodReport({ version: 1, usage: [], error: error as never });

describe('while the other pods start', () => {
  const waiting = (reason: string, message = '') => ({ waiting: { reason, message } });

  test('the launcher runs, but the step does not yet', () => {
    const [said] = look(launcher(running), [worker(running, { isReady: false })]).observations;
    expect(said).toMatchObject({ state: 'starting', reason: 'worker-0: it brings its inputs' });
    expect(look(launcher(running), [worker(running)]).observations).toMatchObject([{ state: 'running' }]);
  });

  test('one that has no node, or whose image cannot be had, is what is said', () => {
    const unplaced = worker(waiting('ContainerCreating'), {
      isReady: false,
      status: { conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: 'no room' }] },
    });
    const other = pod('worker-1', running, { isReady: false });
    expect(look(undefined, [other, unplaced]).observations).toMatchObject([
      { state: 'starting', reason: 'worker-0: no node takes its pod: no room' },
    ]);
    const absent = worker(waiting('ErrImagePull', 'not found'), { isReady: false });
    const { observations, memory } = look(launcher(running), [absent]);
    expect(observations).toMatchObject([
      { state: 'starting', reason: 'worker-0: its image lammps cannot be pulled: not found' },
    ]);
    expect(memory.troubleSinceMs).toBe(nowMs);
    const never = worker(waiting('ErrImageNeverPull'), { isReady: false });
    expect(look(launcher(running), [never]).observations).toMatchObject([
      { state: 'failed', failure: { class: 'image', message: expect.stringMatching(/^worker-0: its image/) } },
    ]);
  });

  test('an end of the launcher is not hidden by them', () => {
    const unfit = ended(125, 20, {
      message: report({ code: 'image-unfit', message: 'no mpirun', hint: 'install it' }),
    });
    expect(look(launcher(unfit), [worker(running, { isReady: false })]).observations).toMatchObject([
      { state: 'failed', failure: { class: 'image', message: 'no mpirun', hint: 'install it' } },
    ]);
  });

  test('what one of them lacks is the reason of the end', () => {
    const unfit = ended(125, 20, { message: report({ code: 'image-unfit', message: 'no sshd', hint: 'install it' }) });
    expect(look(launcher(running), [worker(unfit)]).observations).toMatchObject([
      { state: 'failed', failure: { class: 'image', code: 'image-unfit', message: 'worker-0: no sshd' } },
    ]);
  });
});

describe('a launcher that failed', () => {
  const killed = ended(137, 20, { reason: 'OOMKilled' });

  test('of itself', () => {
    for (const state of [ended(0), ended(0, 25), running]) {
      expect(look(launcher(ended(3)), [worker(state)], failed).observations).toMatchObject([
        { state: 'failed', failure: { class: 'user', exitCode: 3 } },
      ]);
    }
  });

  test('of the memory of another pod, whose status comes a little later', () => {
    const early = look(launcher(ended(1, 1)), [worker(running)], failed);
    expect(early).toMatchObject({ observations: [], lookAgainAtMs: nowMs + 9000 });
    for (const state of [killed, ended(137, 20, { message: report({}) })]) {
      const why = {
        class: 'out-of-memory',
        message: expect.stringMatching(/^worker-0: it used more than its memory limit of 1Gi/),
      };
      expect(look(launcher(ended(1)), [worker(state)], failed).observations).toMatchObject([
        { state: 'failed', failure: why },
      ]);
    }
  });

  test('of its own memory', () => {
    expect(look(launcher(killed), [worker(killed)], failed).observations).toMatchObject([
      { state: 'failed', failure: { class: 'out-of-memory', message: expect.stringMatching(/^it used more/) } },
    ]);
  });

  test('of another pod that was evicted, or deleted, and perhaps made again', () => {
    const evicted = worker(ended(137, 20), {
      status: { phase: 'Failed', reason: 'Evicted', message: 'The node was low on memory.' },
    });
    expect(look(launcher(ended(1)), [evicted], failed).observations).toMatchObject([
      { failure: { class: 'lost', message: 'worker-0: its node node-1 evicted it: The node was low on memory.' } },
    ]);
    for (const shape of [{ metadata: deleted(21) }, { madeAgo: 19 }]) {
      expect(look(launcher(ended(1)), [worker(running, shape)], failed).observations).toMatchObject([
        { failure: { class: 'lost', message: 'the pod of its worker-0 was deleted by somebody' } },
      ]);
    }
    // The operator removes what is left after the end.
    expect(look(launcher(ended(1)), [worker(running, { metadata: deleted(18) })], failed).observations).toMatchObject([
      { failure: { class: 'user', exitCode: 1 } },
    ]);
  });

  test('since another pod did not answer, which another end explains better', () => {
    const silent = ended(125, 12, { message: report({ code: 'workload-lost', message: 'no answer', hint: '' }) });
    expect(look(launcher(silent), [worker(running)], failed).observations).toMatchObject([
      { failure: { class: 'lost', message: 'no answer' } },
    ]);
    expect(look(launcher(silent), [worker(killed)], failed).observations).toMatchObject([
      { failure: { class: 'out-of-memory' } },
    ]);
  });
});

describe('a launcher that runs on', () => {
  test('is given a while to notice that another pod has ended', () => {
    const recent = look(launcher(running), [worker(ended(255, 4))]);
    expect(recent).toMatchObject({ observations: [], lookAgainAtMs: nowMs + 6000 });
    expect(look(launcher(running), [worker(ended(255, 12))]).observations).toMatchObject([
      { state: 'failed', failure: { class: 'lost', message: 'its worker-0 ended with exit code 255' } },
    ]);
  });

  test('is not waited for when another pod was taken by its node: the next of that name knows nothing of it', () => {
    const conditions = [{ type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI', message: '' }];
    const leaving = { isReady: false, metadata: deleted(1), status: { conditions } };
    expect(look(launcher(running), [worker(running, leaving)]).observations).toEqual([]);
    const why = { class: 'lost', message: 'worker-0: its pod was ended on node node-1: its node is being emptied' };
    expect(look(launcher(running), [worker(ended(143, 0), leaving)]).observations).toMatchObject([
      { state: 'failed', failure: why },
    ]);
  });

  test('does not mind one that was told to end', () => {
    const done = worker(ended(0, 30), { isReady: false, status: { phase: 'Succeeded' } });
    expect(look(launcher(running), [done]).observations).toMatchObject([{ state: 'running' }]);
  });

  test('is none after an eviction: pods of an earlier admission say nothing', () => {
    const earlier = pod('launcher', ended(143, 85), { madeAgo: 200, metadata: deleted(90) });
    expect(look(earlier, [worker(running, { madeAgo: 60, isReady: false })]).observations).toEqual([]);
    const gone = { pods: [{ object: earlier, gone: true }] };
    expect(
      look(undefined, [worker(running, { madeAgo: 60, isReady: false })], undefined, gone).observations,
    ).toMatchObject([{ state: 'starting', reason: 'worker-0: it brings its inputs' }]);
  });
});
