// What is seen of a MiniCluster: an Indexed Job whose pod of index 0 has a container that exits with 0 whatever happened.
import { describe, expect, test } from 'vitest';
import type { StepId } from '../../../domain/brand.ts';
import { serializePodReport } from '../../../domain/pod-handshake.ts';
import type { PodReport } from '../../../domain/pod-job.ts';
import type { KubernetesObject } from '../client/object.ts';
import type { WorkloadStatus } from '../kinds/kind.ts';
import { miniClusterKind } from '../kinds/minicluster/kind.ts';
import { observationOf } from './observation-of.ts';
import type { Look, StepObjects } from './step-objects.ts';

const nowMs = Date.parse('2026-11-24T03:00:00Z');
const name = 'simulate-1';
const manifest = { at: { store: 's3', bucket: 'b', key: 'm.json' } };

function time(secondsAgo: number): string {
  return new Date(nowMs - secondsAgo * 1000).toISOString().replace('.000Z', 'Z');
}

const running = { running: { startedAt: time(60) } };
const ended = (exitCode: number, message = '', ago = 20): object => ({
  terminated: {
    exitCode,
    reason: exitCode === 0 ? 'Completed' : 'Error',
    message,
    startedAt: time(60),
    finishedAt: time(ago),
  },
});
const report = (said: Partial<PodReport>): string => serializePodReport({ version: 1, usage: [], ...said });

interface Shape {
  readonly agent?: object;
  readonly view?: object;
  readonly metadata?: object;
  readonly madeAgo?: number;
  readonly isReady?: boolean;
}

function pod(
  index: number,
  runner: object,
  { agent = running, view, metadata = {}, madeAgo = 70, isReady = true }: Shape = {},
) {
  const state = (container: string, of: object) => ({
    name: container,
    image: container,
    restartCount: 0,
    state: of,
    lastState: {},
  });
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `${name}-${index}-${madeAgo}`,
      uid: `u-${index}-${madeAgo}`,
      creationTimestamp: time(madeAgo),
      labels: { 'batch.kubernetes.io/job-completion-index': String(index) },
      ...metadata,
    },
    spec: { nodeName: 'node-1', containers: [{ name }, { name: 'agent' }] },
    status: {
      phase: 'Running',
      conditions: [
        { type: 'PodScheduled', status: 'True' },
        { type: 'Ready', status: isReady ? 'True' : 'False' },
      ],
      ...(view && { initContainerStatuses: [state('flux-view', view)] }),
      containerStatuses: [state(name, runner), state('agent', agent)],
    },
  } satisfies KubernetesObject;
}

const admitted: KubernetesObject = {
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
};

function look(
  pods: readonly KubernetesObject[],
  more: Partial<StepObjects> = {},
  status: WorkloadStatus = { suspended: false },
): Look {
  const seen = pods.map((object) => ({ object, gone: false, role: miniClusterKind.roleOf(object) }));
  const objects: StepObjects = {
    step: 's' as StepId,
    staging: 'agent',
    object: {
      apiVersion: 'flux-framework.org/v1alpha2',
      kind: 'MiniCluster',
      metadata: { name, creationTimestamp: time(90) },
    },
    status,
    isCancelled: false,
    workload: admitted,
    ...(miniClusterKind.containers && { containers: miniClusterKind.containers(name) }),
    pods: seen.filter(({ role }) => role === 'main'),
    others: seen.flatMap(({ role, ...one }) => (role === 'main' ? [] : [{ ...one, role }])),
    podsAreFinal: false,
    ...more,
  };
  return observationOf(objects, {}, { imageTimeoutMs: 300_000 }, nowMs);
}

describe('how a MiniCluster ends', () => {
  test.each([
    ['with its outputs uploaded', ended(0, report({ exitCode: 0, manifest })), { state: 'uploaded', manifest }],
    [
      'with the exit code of the commands',
      ended(0, report({ exitCode: 3 })),
      { failure: { class: 'user', exitCode: 3 } },
    ],
    [
      'with what the agent says',
      ended(0, report({ error: { code: 'image-unfit', message: 'no flux', hint: '' } })),
      { failure: { code: 'image-unfit' } },
    ],
    ['without a word: no success', ended(0), { failure: { code: 'agent-lost' } }],
    ['killed, it or Flux', ended(137), { failure: { class: 'lost' } }],
    ['in an image without Flux', ended(127), { failure: { class: 'image', code: 'image-unfit' } }],
  ])('%s', (_how, runner, said) => {
    expect(look([pod(0, runner), pod(1, ended(0))]).observations).toMatchObject([said]);
  });

  test('a pod that its Job makes in place of a failed one changes nothing', () => {
    const again = pod(0, running, { madeAgo: 5 });
    expect(look([pod(0, ended(143)), again]).observations).toMatchObject([
      { state: 'failed', failure: { class: 'lost' } },
    ]);
  });

  test('a follower that somebody deletes is why the lead failed', () => {
    const gone = { deletionTimestamp: time(-8), deletionGracePeriodSeconds: 30 };
    const lead = pod(0, ended(0, report({ exitCode: 143 })));
    expect(look([lead, pod(1, running, { metadata: gone })]).observations).toMatchObject([
      { state: 'failed', failure: { class: 'lost', message: 'its pod 1 was deleted by somebody' } },
    ]);
  });

  test('pods that are ended together are not ended by each other', () => {
    const gone = { deletionTimestamp: time(-8), deletionGracePeriodSeconds: 30 };
    expect(look([pod(0, running, { metadata: gone }), pod(1, running, { metadata: gone })]).observations).toEqual([]);
    const end = {
      kind: 'failed',
      reason: 'DeadlineExceeded',
      message: 'Job was active longer than specified deadline',
    } as const;
    const pods = [pod(0, ended(143), { metadata: gone }), pod(1, ended(143), { metadata: gone })];
    expect(look(pods, {}, { suspended: false, end }).observations).toMatchObject([{ failure: { class: 'timeout' } }]);
  });

  test('a preempted pod is no failed one', () => {
    const gone = { deletionTimestamp: time(-8), deletionGracePeriodSeconds: 30 };
    const states = look([pod(0, ended(143), { metadata: gone })], {}, { suspended: true }).observations;
    expect(states).toMatchObject([{ state: 'admitted' }]);
  });
});

describe('how it starts', () => {
  test('its agents end before it does: their pods are not ready, and it runs', () => {
    const follower = pod(1, running, { agent: ended(0), isReady: false });
    expect(look([pod(0, running), follower]).observations).toMatchObject([{ state: 'running' }]);
  });

  test('a follower that is not there yet is what is said', () => {
    const waiting = { waiting: { reason: 'PodInitializing', message: '' } };
    const follower = pod(1, waiting, { agent: waiting });
    expect(look([pod(0, running), follower]).observations).toMatchObject([
      { state: 'starting', reason: expect.stringMatching(/^pod 1: /) },
    ]);
  });

  test('a view of Flux that cannot be had is named', () => {
    const waiting = { waiting: { reason: 'PodInitializing', message: '' } };
    const view = {
      waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling image "v": ErrImagePull: no such image' },
    };
    expect(look([pod(0, waiting, { agent: waiting, view })]).observations).toMatchObject([
      { state: 'starting', reason: 'the image of its container flux-view, flux-view cannot be pulled: no such image' },
    ]);
  });

  test.each([
    [10, 'waits for the Flux Operator to make its Job'],
    [60, 'waits for the Flux Operator, which has made no Job of it in 45 s: it may be down, or say why in its log'],
  ])('after %i s without a Job', (ago, reason) => {
    const object = { apiVersion: 'x', kind: 'MiniCluster', metadata: { name, creationTimestamp: time(ago) } };
    const seen = observationOf(
      {
        step: 's' as StepId,
        object,
        status: { suspended: true },
        isCancelled: false,
        pods: [],
        others: [],
        podsAreFinal: false,
        awaitedOperator: 'the Flux Operator',
      },
      {},
      { imageTimeoutMs: 300_000 },
      nowMs,
    );
    expect(seen.observations).toMatchObject([{ state: 'queued', reason }]);
  });
});
