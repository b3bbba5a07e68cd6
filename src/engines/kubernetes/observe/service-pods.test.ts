import { describe, expect, test } from 'vitest';
import type { StepId } from '../../../domain/brand.ts';
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
  return { terminated: { exitCode, reason: 'Error', startedAt: time(80), finishedAt: time(secondsAgo), ...more } };
}

/** Deleted so many seconds ago with 30 s of grace. */
const deleted = (ago: number) => ({ deletionTimestamp: time(ago - 30), deletionGracePeriodSeconds: 30 });

interface PodShape {
  readonly madeAgo?: number;
  readonly metadata?: object;
  readonly isReady?: boolean;
  readonly status?: object;
  readonly index?: string;
}

function service(name: string, state: object, shape: PodShape = {}): KubernetesObject {
  const { madeAgo = 100, metadata = {}, isReady = false, status = {}, index = '0' } = shape;
  const labels = { 'konverge/service': name, 'batch.kubernetes.io/job-completion-index': index };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `x-${name}`, uid: `u-${name}`, creationTimestamp: time(madeAgo), labels, ...metadata },
    spec: {
      nodeName: 'node-1',
      containers: [
        { name: 'service', startupProbe: { failureThreshold: 60, periodSeconds: 1, tcpSocket: { port: 1 } } },
      ],
    },
    status: {
      phase: 'Running',
      conditions: [
        { type: 'PodScheduled', status: 'True' },
        { type: 'Ready', status: isReady ? 'True' : 'False' },
      ],
      containerStatuses: [{ name: 'service', image: 'redis:7', restartCount: 0, state, lastState: {} }],
      ...status,
    },
  };
}

function application(state: object, metadata: object = {}): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'x-step', uid: 'u-step', creationTimestamp: time(70), ...metadata },
    spec: { nodeName: 'node-1', containers: [{ name: 'step' }] },
    status: {
      phase: 'Running',
      conditions: [{ type: 'PodScheduled', status: 'True' }],
      initContainerStatuses: [{ name: 'agent', image: 'agent', restartCount: 0, state: running, lastState: {} }],
      containerStatuses: [{ name: 'step', image: 'python', restartCount: 0, state, lastState: {} }],
    },
  };
}

const failedOf = (name?: string): WorkloadStatus => ({
  suspended: false,
  end: { kind: 'failed', reason: 'FailedJobs', message: 'a job failed', ...(name && { service: name }) },
});

function look(
  main: KubernetesObject | undefined,
  services: readonly KubernetesObject[],
  status: WorkloadStatus = { suspended: false },
  more: Partial<StepObjects> = {},
): Look {
  const objects: StepObjects = {
    step: 's' as StepId,
    object: { apiVersion: 'jobset.x-k8s.io/v1alpha2', kind: 'JobSet', metadata: { name: 'x', uid: 'u' } },
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
          lastTransitionTime: time(110),
        })),
      },
    },
    pods: main ? [{ object: main, gone: false }] : [],
    others: services.map((object) => ({ role: 'service', object, gone: false })),
    podsAreFinal: false,
    ...more,
  };
  return observationOf(objects, {}, { imageTimeoutMs: 300_000 }, nowMs);
}

/** What is said last: `state: words`, or of what class it failed. */
function said({ observations }: Look): string {
  const last = observations.at(-1);
  if (last === undefined) return 'nothing';
  if (last.state === 'failed') return `${last.failure.class}: ${last.failure.message}`;
  return 'reason' in last ? `${last.state}: ${last.reason}` : last.state;
}

describe('before there is an application', () => {
  test.each([
    [
      [service('db', { waiting: { reason: 'ContainerCreating' } })],
      'starting: service db is being started on node node-1',
    ],
    [[service('db', running)], 'starting: waits for service db to be ready'],
    [[service('db', running, { isReady: true })], 'starting: service db is ready; what waits for it is being made'],
    [
      [service('db', running, { isReady: true }), service('api', running, { madeAgo: 50, index: '2' })],
      'starting: waits for service api (replica 2) to be ready',
    ],
    [
      [service('db', { waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling image "redis:7"' } })],
      'starting: service db: its image redis:7 cannot be pulled: ImagePullBackOff',
    ],
  ])('%#', (services, words) => {
    expect(said(look(undefined, services))).toBe(words);
  });

  test('a service that ends, by itself or because it never answers', () => {
    const early = ended(3, 70, { message: 'one\ntwo\nthree\nno space left\n' });
    expect(said(look(undefined, [service('db', early)]))).toBe(
      'service: service db ended with exit code 3 before the application; its last words: two | three | no space left',
    );
    expect(said(look(undefined, [service('db', ended(143, 20))]))).toBe(
      'service: service db was not ready within 60 s: its port accepts no connection',
    );
    const portless = service('key-store', ended(143, 20), {
      metadata: { annotations: { 'konverge/chosen-port': '20000' } },
    });
    expect(said(look(undefined, [portless]))).toBe(
      'service: service key-store was not ready within 60 s: port 20000, which konverge has chosen, accepts no connection: state the port at which it listens as its `port`, or have it listen at $KONVERGE_SERVICE_KEY_STORE_PORT',
    );
    // What comes after it was made while it ran: so it was ready.
    const [db, api] = [service('db', ended(1, 20)), service('api', running, { madeAgo: 60 })];
    expect(said(look(undefined, [db, api]))).toBe('service: service db ended with exit code 1 before the application');
    // JobSet takes one that has ended well for ready.
    const late = service('api', running, { madeAgo: 10 });
    expect(said(look(undefined, [service('db', ended(0, 20)), late]))).toMatch(/^service: service db was not ready/);
  });

  test('a program that is not there, and too little memory', () => {
    const absent = { reason: 'StartError', message: 'exec: "redis": executable file not found in $PATH: unknown' };
    expect(said(look(undefined, [service('db', ended(128, 20, absent))]))).toBe(
      'service: service db: redis:7 cannot run redis: executable file not found in $PATH',
    );
    expect(said(look(undefined, [service('db', ended(137, 20, { reason: 'OOMKilled' }))]))).toMatch(
      /^service: service db used more than .*, and the kernel killed it$/,
    );
  });
});

describe('while the application runs', () => {
  const main = application(running);

  test('nothing is said of services that do too', () => {
    expect(said(look(main, [service('db', running, { isReady: true })]))).toBe('running: runs on node node-1');
  });

  test('the end of a service is told when the application has had its chance', () => {
    const open = look(main, [service('db', ended(0, 3))]);
    expect(said(open)).toBe('nothing');
    expect(open.lookAgainAtMs).toBe(nowMs + 7000);
    expect(said(look(main, [service('db', ended(0, 20))]))).toBe(
      'service: service db ended with exit code 0 before the application',
    );
  });

  test('one that failed takes it with it, which is waited for', () => {
    const leaving = application(running, deleted(5));
    expect(said(look(leaving, [service('db', ended(1, 20))], failedOf('db')))).toBe('nothing');
    const left = application(ended(143, 2), deleted(5));
    expect(said(look(left, [service('db', ended(1, 20))], failedOf('db')))).toMatch(/^service: service db ended/);
  });

  test('its node is lost, or somebody deletes it', () => {
    const emptied = { conditions: [{ type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI' }] };
    const gone = application(ended(143, 2), deleted(5));
    expect(said(look(gone, [service('db', ended(143, 20), { status: emptied })]))).toBe(
      'lost: service db: its pod was ended on node node-1: its node is being emptied',
    );
    const taken = service('db', ended(0, 20), { metadata: deleted(25) });
    expect(said(look(main, [taken]))).toBe('lost: a pod of its service db was deleted by somebody');
    // Of an admission before this one.
    const former = service('db', ended(0, 120), { madeAgo: 200, metadata: deleted(125) });
    expect(said(look(main, [former]))).toBe('running: runs on node node-1');
  });
});

describe('after the application has ended', () => {
  test('success is success, whatever services do', () => {
    const good = application({ terminated: { exitCode: 0, reason: 'Completed', finishedAt: time(5) } });
    expect(said(look(good, [service('db', ended(1, 20))]))).toBe('succeeded');
    expect(said(look(good, [service('db', ended(1, 20))], failedOf('db')))).toBe('succeeded');
  });

  test('a failure is that of a service which had ended before', () => {
    const bad = application(ended(4, 10));
    expect(said(look(bad, [service('db', ended(9, 12))], failedOf('step')))).toBe(
      'service: service db ended with exit code 9 before the application, which then ended with exit code 4',
    );
    expect(said(look(bad, [service('db', ended(9, 8))], failedOf()))).toBe('user: the command ended with exit code 4');
    const killed = service('db', ended(137, 8), { metadata: deleted(9) });
    expect(said(look(bad, [killed], failedOf()))).toBe('user: the command ended with exit code 4');
  });

  test('a moment is given to hear of it', () => {
    const just = look(application(ended(4, 1)), [service('db', running, { isReady: true })]);
    expect(said(just)).toBe('nothing');
    expect(just.lookAgainAtMs).toBe(nowMs + 1000);
  });
});

test('a JobSet that failed of a service whose pods are gone', () => {
  expect(look(undefined, [], failedOf('db'))).toMatchObject({ wantsPods: true });
  expect(said(look(undefined, [], failedOf('db'), { podsAreFinal: true }))).toBe(
    'service: its service db failed, and how is not known (FailedJobs: a job failed)',
  );
  const taken = service('db', ended(143, 8), { metadata: deleted(9) });
  expect(said(look(undefined, [taken], failedOf('db'), { podsAreFinal: true }))).toBe(
    'lost: a pod of its service db was deleted by somebody',
  );
});
