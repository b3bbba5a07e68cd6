import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { StepId } from '../../../domain/brand.ts';
import type { Observation } from '../../../domain/observation.ts';
import type { KubernetesObject } from '../client/object.ts';
import type { WorkloadStatus } from '../kinds/kind.ts';
import { observationOf } from './observation-of.ts';
import type { Look, Memory, StepObjects } from './step-objects.ts';

const step = 'step-1' as StepId;
const nowMs = Date.parse('2026-11-24T03:00:00Z');
const limits = { imageTimeoutMs: 300_000 };
const manifest = { at: { store: 's3', bucket: 'b', key: 'area/manifests/step-1-x.json' } };
const report = { version: 1, exitCode: 0, manifest, usage: [{ wallMs: 1200 }] };

function time(secondsAgo: number): string {
  return new Date(nowMs - secondsAgo * 1000).toISOString().replace('.000Z', 'Z');
}

function job(spec: object = {}, metadata: object = {}): KubernetesObject {
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'step-1', uid: 'u1', creationTimestamp: time(20), ...metadata },
    spec: { suspend: false, activeDeadlineSeconds: 90, ...spec },
  };
}

type Told = readonly [type: string, status: string, reason: string, message?: string];

function workload(conditions: readonly Told[], status: object = {}, spec: object = {}): KubernetesObject {
  return {
    apiVersion: 'kueue.x-k8s.io/v1beta2',
    kind: 'Workload',
    metadata: { name: 'job-step-1-abcde', labels: { 'kueue.x-k8s.io/job-uid': 'u1' } },
    spec: { queueName: 'main', active: true, ...spec },
    status: {
      conditions: conditions.map(([type, state, reason, message = '']) => ({
        type,
        status: state,
        reason,
        message,
        lastTransitionTime: time(5),
      })),
      ...status,
    },
  };
}

const admission = {
  admission: { clusterQueue: 'cq', podSetAssignments: [{ name: 'main', flavors: { cpu: 'real' } }] },
};
const admitted = workload(
  [
    ['QuotaReserved', 'True', 'QuotaReserved'],
    ['Admitted', 'True', 'Admitted'],
  ],
  admission,
);
const why = 'Preempted to accommodate a workload (UID: 2) due to prioritization in the ClusterQueue';
const preempted = workload(
  [
    ['QuotaReserved', 'False', 'Pending', why],
    ['Admitted', 'False', 'NoReservation', 'The workload has no reservation'],
    ['Evicted', 'True', 'Preempted', why],
    ['Preempted', 'True', 'InClusterQueue', why],
    ['Requeued', 'True', 'Preempted', why],
  ],
  { schedulingStats: { evictions: [{ reason: 'Preempted', underlyingCause: '', count: 1 }] } },
);

const started = { startedAt: time(60) };
const running = { running: started };

function terminated(exitCode: number, more: object = {}): object {
  return {
    terminated: { exitCode, reason: exitCode === 0 ? 'Completed' : 'Error', ...started, finishedAt: time(10), ...more },
  };
}

/** A pod as the kubelet reports it: the agent as a sidecar, the step beside it. */
function pod(
  state: object,
  more: { status?: object; metadata?: object; agent?: object; restarts?: number } = {},
): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'step-1-x', uid: 'p1', creationTimestamp: time(80), ...more.metadata },
    spec: {
      nodeName: 'node-1',
      containers: [{ name: 'step', image: 'python:3.12', resources: { limits: { memory: '2Gi' } } }],
    },
    status: {
      phase: 'Running',
      conditions: [{ type: 'PodScheduled', status: 'True', reason: '' }],
      initContainerStatuses: [
        {
          name: 'agent',
          image: 'agent:1',
          restartCount: more.restarts ?? 0,
          state: more.agent ?? running,
          lastState: more.restarts ? terminated(1, { message: 'no bucket' }) : {},
        },
      ],
      containerStatuses: [{ name: 'step', image: 'python:3.12', restartCount: 0, state, lastState: {} }],
      ...more.status,
    },
  };
}

/** Deleted `requested` seconds ago with 30 s of grace. */
function deleted(requested: number): object {
  return { deletionTimestamp: time(requested - 30), deletionGracePeriodSeconds: 30 };
}

/** As the kubelet leaves it when its containers have ended: seen on a real cluster, a second after the end. */
const deletedAnew = { deletionTimestamp: time(0), deletionGracePeriodSeconds: 0 };

const waitingFor = (reason: string, message = '') => ({ waiting: { reason, message } });
const creating = waitingFor('ContainerCreating');

interface Scene {
  readonly job?: KubernetesObject | null;
  readonly status?: WorkloadStatus;
  readonly workload?: KubernetesObject | null;
  readonly pods?: readonly KubernetesObject[];
  readonly gone?: readonly KubernetesObject[];
  readonly services?: readonly KubernetesObject[];
  readonly staging?: 'agent' | 'step' | null;
  readonly isCancelled?: boolean;
  readonly podsAreFinal?: boolean;
}

function look(scene: Scene, memory: Memory = {}, atMs = nowMs): Look {
  const object = scene.job === null ? undefined : (scene.job ?? job());
  const kueue = scene.workload === null ? undefined : (scene.workload ?? admitted);
  const staging = scene.staging === null ? undefined : (scene.staging ?? 'agent');
  const objects: StepObjects = {
    step,
    ...(staging && { staging }),
    ...(object && { object, status: scene.status ?? { suspended: object.spec?.['suspend'] === true } }),
    isCancelled: scene.isCancelled ?? false,
    ...(kueue && { workload: kueue }),
    pods: [
      ...(scene.pods ?? []).map((one) => ({ object: one, gone: false })),
      ...(scene.gone ?? []).map((one) => ({ object: one, gone: true })),
    ],
    others: (scene.services ?? []).map((one) => ({ role: 'service', object: one, gone: false })),
    podsAreFinal: scene.podsAreFinal ?? false,
  };
  return observationOf(objects, memory, limits, atMs);
}

/** The last thing that is said, short. */
function said(scene: Scene, memory?: Memory, atMs?: number): readonly [string, string] | undefined {
  const last = look(scene, memory, atMs).observations.at(-1);
  return last && [stateOf(last), 'reason' in last ? last.reason : 'failure' in last ? last.failure.message : ''];
}

function stateOf(observation: Observation): string {
  return 'failure' in observation ? `${observation.state} ${observation.failure.class}` : observation.state;
}

const suspended = job({ suspend: true });
const failedJob = (reason: string): WorkloadStatus => ({
  suspended: false,
  end: { kind: 'failed', reason, message: 'Job has failed' },
});
const backoff = failedJob('BackoffLimitExceeded');
const complete: WorkloadStatus = { suspended: false, end: { kind: 'complete' } };
const never =
  "couldn't assign flavors to pod set main: insufficient quota for cpu in flavor real, previously considered podsets requests (0) + current podset request (2) > maximum capacity (1)";

const table: readonly (readonly [name: string, scene: Scene, state: string | undefined, words?: string | RegExp])[] = [
  // In the queue
  ['no Workload yet', { job: suspended, workload: null }, 'queued', 'waits for Kueue to take it up'],
  [
    'no Workload for long',
    { job: job({ suspend: true }, { creationTimestamp: time(60) }), workload: null },
    'queued',
    /^waits for Kueue, which has not taken it up in 45 s/,
  ],
  [
    'a Workload without conditions',
    { job: suspended, workload: workload([]) },
    'queued',
    'waits its turn in queue main; of steps that are alike Kueue tells only why the first one waits',
  ],
  [
    'quota used up',
    {
      job: suspended,
      workload: workload([
        [
          'QuotaReserved',
          'False',
          'Pending',
          "couldn't assign flavors to pod set main: insufficient unused quota for cpu in flavor real, 600m more needed",
        ],
      ]),
    },
    'queued',
    'waits for quota: 600m more cpu needed in flavor real',
  ],
  [
    'queue deleted',
    {
      job: suspended,
      workload: workload([['QuotaReserved', 'False', 'Inadmissible', "LocalQueue main doesn't exist"]]),
    },
    'queued',
    "cannot be admitted: LocalQueue main doesn't exist",
  ],
  [
    'never fits, for a moment',
    { job: suspended, workload: workload([['QuotaReserved', 'False', 'Pending', never]]) },
    'queued',
    /^can never be admitted: asks for 2 cpu/,
  ],
  [
    'admission check',
    {
      job: suspended,
      workload: workload(
        [
          ['QuotaReserved', 'True', 'QuotaReserved'],
          ['Admitted', 'False', 'UnsatisfiedChecks'],
        ],
        {
          admissionChecks: [{ name: 'prov', state: 'Pending', message: 'nodes are made' }],
        },
      ),
    },
    'queued',
    'has its quota and waits for admission checks: prov is Pending (nodes are made)',
  ],
  ['admitted, still suspended', { job: suspended }, 'admitted', 'is admitted by ClusterQueue cq'],
  ['admitted, no pod', {}, 'admitted', 'is admitted by ClusterQueue cq'],
  [
    'unsuspended before its admission was seen',
    { workload: workload([['QuotaReserved', 'False', 'Pending', 'x']]) },
    'admitted',
    'is admitted; its pod is being made',
  ],

  // Preemption: a failed pod that is no failed step
  [
    'preempted, its pod killed',
    {
      job: suspended,
      workload: preempted,
      pods: [pod(terminated(143), { metadata: deleted(12), status: { phase: 'Failed' } })],
    },
    'queued',
    /^was preempted by one of higher priority in its ClusterQueue/,
  ],
  [
    'preempted, its Job not suspended yet',
    { workload: preempted, pods: [pod(running, { metadata: deleted(1) })] },
    'queued',
    /^was preempted/,
  ],
  [
    'preempted, of which only the pod is seen yet',
    { pods: [pod(terminated(143, { finishedAt: time(0) }), { metadata: deleted(1), status: { phase: 'Failed' } })] },
    undefined,
  ],
  [
    'preempted, suspended, its Workload not seen yet',
    { job: suspended, pods: [pod(terminated(143), { metadata: deleted(11) })] },
    'admitted',
  ],
  [
    'preempted by way of exit code 0',
    {
      job: suspended,
      workload: preempted,
      staging: null,
      pods: [pod(terminated(0, { finishedAt: time(5) }), { metadata: deleted(6) })],
    },
    'queued',
  ],
  [
    'admitted anew, beside its old pod',
    {
      gone: [pod(terminated(143), { metadata: deleted(30) })],
      pods: [pod(running, { metadata: { uid: 'p2', name: 'step-1-y', creationTimestamp: time(3) } })],
    },
    'running',
  ],
  [
    'succeeded just before it was preempted',
    {
      job: suspended,
      workload: preempted,
      pods: [pod(terminated(0, { message: JSON.stringify(report) }), { metadata: deleted(12) })],
    },
    'uploaded',
  ],
  [
    'evicted: pods not ready',
    {
      job: suspended,
      workload: workload(
        [
          ['QuotaReserved', 'False', 'Pending', 'x'],
          ['Evicted', 'True', 'PodsReadyTimeout', 'x'],
          ['Requeued', 'False', 'PodsReadyTimeout', 'x'],
        ],
        { requeueState: { count: 1, requeueAt: '2026-11-24T03:01:00Z' } },
      ),
    },
    'queued',
    'was evicted, for its pods were not ready in time, and starts anew; it is queued again at 2026-11-24T03:01:00.000Z, for the 1st time',
  ],

  [
    'preempted, deleted anew by the kubelet, its Workload not seen yet',
    { pods: [pod(terminated(143, { finishedAt: time(1) }), { metadata: deletedAnew, status: { phase: 'Failed' } })] },
    undefined,
  ],

  // Kueue has given it up
  [
    'deactivated by hand',
    {
      job: suspended,
      workload: workload([['Evicted', 'True', 'Deactivated', 'The workload is deactivated']], {}, { active: false }),
    },
    'failed never-admissible',
    /^it was deactivated by somebody/,
  ],
  [
    'deactivated while running',
    {
      workload: workload(
        [['Evicted', 'True', 'DeactivatedDueToMaximumExecutionTimeExceeded', 'x']],
        {},
        { active: false },
      ),
      pods: [pod(running)],
    },
    'failed timeout',
    'it was deactivated: it ran longer than its maximum execution time',
  ],
  [
    'requeued too often',
    {
      job: suspended,
      workload: workload([['DeactivationTarget', 'True', 'RequeuingLimitExceeded', 'x']], {}, { active: false }),
    },
    'failed never-admissible',
    /pods were not ready in time/,
  ],
  [
    'cannot be started by Kueue',
    { job: suspended, workload: workload([['Finished', 'True', 'FailedToStart', 'no such podset']]) },
    'failed never-admissible',
    'it was admitted, but Kueue cannot start it: no such podset',
  ],
  ['out of sync', { job: suspended, workload: workload([['Finished', 'True', 'OutOfSync', 'x']]) }, 'failed lost'],

  // Starting
  [
    'pod not scheduled',
    {
      pods: [
        pod(creating, {
          status: {
            conditions: [
              {
                type: 'PodScheduled',
                status: 'False',
                reason: 'Unschedulable',
                message: '0/1 nodes are available: 1 Insufficient cpu.',
              },
            ],
          },
        }),
      ],
    },
    'starting',
    'no node takes its pod: 0/1 nodes are available: 1 Insufficient cpu.',
  ],
  [
    'agent starts',
    { pods: [pod(waitingFor('PodInitializing'), { agent: creating })] },
    'starting',
    'its agent is being started on node node-1',
  ],
  [
    'container is made',
    { pods: [pod(creating)] },
    'starting',
    'its container is being made on node node-1 of python:3.12',
  ],
  [
    'image does not exist',
    {
      pods: [
        pod(
          waitingFor(
            'ErrImagePull',
            'rpc error: code = NotFound desc = failed to pull and unpack image "python:3.12": not found',
          ),
        ),
      ],
    },
    'starting',
    'its image python:3.12 cannot be pulled: failed to pull and unpack image "python:3.12": not found',
  ],
  [
    'image does not exist, in the pause between two tries',
    {
      pods: [
        pod(
          waitingFor(
            'ImagePullBackOff',
            'Back-off pulling image "python:3.12": ErrImagePull: rpc error: code = NotFound desc = failed to pull and unpack image "python:3.12": not found',
          ),
        ),
      ],
    },
    'starting',
    'its image python:3.12 cannot be pulled: failed to pull and unpack image "python:3.12": not found',
  ],
  [
    'image in the pause, without words',
    { pods: [pod(waitingFor('ImagePullBackOff', 'Back-off pulling image "python:3.12"'))] },
    'starting',
    'its image python:3.12 cannot be pulled: ImagePullBackOff',
  ],
  [
    "agent's image",
    { pods: [pod(waitingFor('PodInitializing'), { agent: waitingFor('ErrImagePull', 'denied') })] },
    'starting',
    'the image of the agent, agent:1 cannot be pulled: denied',
  ],
  [
    'image name',
    { pods: [pod(waitingFor('InvalidImageName', 'couldn\'t parse image name "A:b"'))] },
    'failed image',
    /InvalidImageName: couldn't parse/,
  ],
  [
    'image must not be pulled',
    { pods: [pod(waitingFor('ErrImageNeverPull', 'Container image is not present with pull policy of Never'))] },
    'failed image',
    /ErrImageNeverPull/,
  ],
  [
    'container configuration',
    { pods: [pod(waitingFor('CreateContainerConfigError', 'container has runAsNonRoot and image will run as root'))] },
    'starting',
    'its container cannot be made of python:3.12: CreateContainerConfigError: container has runAsNonRoot and image will run as root',
  ],
  [
    'agent crashes',
    { pods: [pod(waitingFor('PodInitializing'), { agent: waitingFor('CrashLoopBackOff'), restarts: 3 })] },
    'starting',
    'its agent ends again and again: exit code 1, no bucket',
  ],
  ['running', { pods: [pod(running)] }, 'running', 'runs on node node-1'],

  // Ended by itself
  ['uploaded', { pods: [pod(terminated(0, { message: JSON.stringify(report) }))] }, 'uploaded'],
  ['no staging', { staging: null, pods: [pod(terminated(0))] }, 'succeeded'],
  ['its own staging', { staging: 'step', pods: [pod(terminated(0))] }, 'succeeded'],
  [
    'exit code',
    { pods: [pod(terminated(3, { message: JSON.stringify({ version: 1, exitCode: 3, usage: [] }) }))] },
    'failed user',
    'the command ended with exit code 3',
  ],
  [
    'exit code, before the Job says so',
    { status: backoff, pods: [pod(terminated(1))] },
    'failed user',
    'the command ended with exit code 1',
  ],
  ['signal', { pods: [pod(terminated(139))] }, 'failed user', 'the command was killed by SIGSEGV'],
  [
    'command not found',
    { pods: [pod(terminated(127))] },
    'failed user',
    'a command was not found in the image (exit code 127)',
  ],
  [
    'out of memory',
    { pods: [pod(terminated(137, { reason: 'OOMKilled' }))] },
    'failed out-of-memory',
    'it used more than its memory limit of 2Gi, and the kernel killed it',
  ],
  [
    'out of memory, of which the kubelet has not heard',
    {
      pods: [
        pod(terminated(1, { message: JSON.stringify({ version: 1, exitCode: 1, outOfMemory: true, usage: [] }) })),
      ],
    },
    'failed out-of-memory',
    'it used more than its memory limit of 2Gi, and the kernel killed it',
  ],
  ['killed for another reason', { pods: [pod(terminated(137))] }, 'failed user', /SIGKILL \(nobody of ours/],
  [
    'a storage error',
    {
      pods: [
        pod(
          terminated(125, {
            message: JSON.stringify({
              version: 1,
              exitCode: 0,
              usage: [],
              error: { code: 'storage-denied', message: 'no right to b', hint: 'Check' },
            }),
          }),
        ),
      ],
    },
    'failed storage',
    'no right to b',
  ],
  [
    'an output missing',
    {
      pods: [
        pod(
          terminated(125, {
            message: JSON.stringify({
              version: 1,
              exitCode: 0,
              usage: [],
              error: { code: 'output-missing', message: 'out.txt is not there', hint: '' },
            }),
          }),
        ),
      ],
    },
    'failed missing-output',
    'out.txt is not there',
  ],
  [
    "the command's own failure and a storage error",
    {
      pods: [
        pod(
          terminated(2, {
            message: JSON.stringify({
              version: 1,
              exitCode: 2,
              usage: [],
              error: { code: 'storage-denied', message: 'x', hint: '' },
            }),
          }),
        ),
      ],
    },
    'failed user',
    /exit code 2/,
  ],
  [
    'a report that is cut off',
    { pods: [pod(terminated(0, { message: JSON.stringify(report).slice(0, 50) }))] },
    'failed storage',
    /does not say where the outputs are/,
  ],
  ['no report of an error of the agent', { pods: [pod(terminated(125))] }, 'failed storage', /left no word/],
  ['garbage for a report', { pods: [pod(terminated(4, { message: '{"version":7}' }))] }, 'failed user', /exit code 4/],
  [
    'no sh in the image',
    {
      pods: [
        pod(
          terminated(128, {
            reason: 'StartError',
            message:
              'failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: exec: "/bin/sh": stat /bin/sh: no such file or directory: unknown',
          }),
        ),
      ],
    },
    'failed image',
    'python:3.12 cannot run /bin/sh: stat /bin/sh: no such file or directory',
  ],
  [
    'memory too small to start',
    {
      pods: [
        pod(
          terminated(128, {
            reason: 'StartError',
            message: 'container init was OOM-killed (memory limit too low?): unknown',
          }),
        ),
      ],
    },
    'failed out-of-memory',
    /2Gi/,
  ],
  [
    'node cannot start a container',
    { pods: [pod(terminated(128, { reason: 'StartError', message: "can't get final child's PID from pipe: EOF" }))] },
    'failed lost',
    /could not be started on node node-1/,
  ],

  // Ended by the cluster
  [
    'deadline',
    { status: failedJob('DeadlineExceeded'), pods: [pod(terminated(143), { metadata: deleted(12) })] },
    'failed timeout',
    'it ran longer than its runtime of 90 s and was ended',
  ],
  [
    "the pod's own deadline",
    {
      pods: [
        pod(terminated(143), {
          status: {
            phase: 'Failed',
            reason: 'DeadlineExceeded',
            message: 'Pod was active on the node longer than the specified deadline',
          },
        }),
      ],
    },
    'failed timeout',
  ],
  [
    'disk limit',
    {
      pods: [
        pod(terminated(137), {
          status: {
            phase: 'Failed',
            reason: 'Evicted',
            message: 'Pod ephemeral local storage usage exceeds the total limit of containers 1Gi. ',
          },
        }),
      ],
    },
    'failed user',
    'it used more disk than its limit: Pod ephemeral local storage usage exceeds the total limit of containers 1Gi.',
  ],
  [
    'disk limit, and the command answers with success',
    {
      pods: [
        pod(terminated(0), {
          status: {
            phase: 'Failed',
            reason: 'Evicted',
            message: 'Usage of EmptyDir volume "x" exceeds the limit "1Gi". ',
          },
        }),
      ],
    },
    'failed user',
    'it used more disk than its limit: Usage of EmptyDir volume "x" exceeds the limit "1Gi".',
  ],
  [
    'disk limit of the shared volume',
    {
      pods: [
        pod(terminated(137), {
          status: {
            phase: 'Failed',
            reason: 'Evicted',
            message: 'Usage of EmptyDir volume "shared" exceeds the limit "1Gi". ',
          },
        }),
      ],
    },
    'failed user',
    /EmptyDir/,
  ],
  [
    'disk of the node',
    {
      pods: [
        pod(terminated(137), {
          status: {
            phase: 'Failed',
            reason: 'Evicted',
            message:
              'The node was low on resource: ephemeral-storage. Threshold quantity: 1, available: 0. Container step was using 9Gi, request is 0, has larger consumption of ephemeral-storage. ',
          },
        }),
      ],
    },
    'failed lost',
    /^its node node-1 evicted it: The node was low/,
  ],
  [
    'node shut down',
    {
      pods: [
        pod(terminated(137), {
          status: {
            phase: 'Failed',
            reason: 'Terminated',
            message: 'Pod was terminated in response to imminent node shutdown.',
            conditions: [{ type: 'DisruptionTarget', status: 'True', reason: 'TerminationByKubelet' }],
          },
        }),
      ],
    },
    'failed lost',
    /its node shuts down/,
  ],
  [
    'node lost, for a while',
    {
      pods: [
        pod(running, {
          metadata: deleted(40),
          status: { conditions: [{ type: 'DisruptionTarget', status: 'True', reason: 'DeletionByTaintManager' }] },
        }),
      ],
    },
    undefined,
  ],
  [
    'node lost, for good',
    {
      pods: [
        pod(running, {
          metadata: deleted(61),
          status: { conditions: [{ type: 'DisruptionTarget', status: 'True', reason: 'DeletionByTaintManager' }] },
        }),
      ],
    },
    'failed lost',
    /does not answer/,
  ],
  [
    'drained',
    {
      gone: [
        pod(terminated(143), {
          metadata: deleted(12),
          status: { conditions: [{ type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI' }] },
        }),
      ],
    },
    'failed lost',
    /being emptied/,
  ],
  [
    'refused by its node',
    {
      pods: [
        pod(creating, {
          status: { phase: 'Failed', reason: 'OutOfcpu', message: 'Pod was rejected', containerStatuses: [] },
        }),
      ],
    },
    'failed lost',
    'its pod failed on node node-1: OutOfcpu: Pod was rejected',
  ],
  [
    'deleted before its container was made, as its Job does at its deadline',
    { pods: [pod(creating, { metadata: deleted(2), status: { phase: 'Failed', containerStatuses: [] } })] },
    undefined,
  ],

  // Ended by hand
  [
    'pod deleted, its Job goes on',
    { pods: [pod(terminated(143, { finishedAt: time(1) }), { metadata: deleted(2) })] },
    undefined,
  ],
  [
    'pod deleted, its Job failed',
    { status: backoff, pods: [pod(terminated(143, { finishedAt: time(1) }), { metadata: deleted(2) })] },
    'failed lost',
    'its pod was deleted by somebody',
  ],
  [
    'pod gone, its Job failed',
    { status: backoff, gone: [pod(running)] },
    'failed lost',
    'its pod was deleted by somebody',
  ],
  [
    'pod deleted when only its agent still ran',
    { status: backoff, gone: [pod(terminated(3), { metadata: deleted(5) })] },
    'failed user',
    /exit code 3/,
  ],
  ['Job deleted, pod still there', { job: null, pods: [pod(running, { metadata: deleted(2) })] }, undefined],
  [
    'Job deleted',
    { job: null, gone: [pod(terminated(143, { finishedAt: time(1) }), { metadata: deleted(2) })] },
    'failed lost',
    'what ran it was deleted by somebody',
  ],
  ['Job deleted while it waited', { job: null, workload: null }, 'failed lost', /deleted by somebody/],
  [
    'Job deleted, which Kueue heard first',
    { job: suspended, workload: workload([['Finished', 'True', 'OwnerNotFound', 'x']]) },
    undefined,
  ],
  [
    'Job deleted, as Kueue says too, and its pod still there',
    {
      job: null,
      workload: workload([['Finished', 'True', 'OwnerNotFound', 'x']]),
      pods: [pod(running, { metadata: deleted(2) })],
    },
    undefined,
  ],
  ['Job being deleted', { job: job({}, { deletionTimestamp: time(0) }), pods: [pod(running)] }, undefined],

  [
    'pod deleted by hand, and anew by the kubelet',
    { status: backoff, gone: [pod(terminated(143, { finishedAt: time(1) }), { metadata: deletedAnew })] },
    'failed lost',
    'its pod was deleted by somebody',
  ],

  // Objects without their pods
  ['Job failed, pods not seen', { status: backoff }, undefined],
  [
    'Job failed, there are no pods',
    { status: backoff, podsAreFinal: true },
    'failed lost',
    /how it ended is not known \(BackoffLimitExceeded: Job has failed\)/,
  ],
  ['Job failed, pod seen as running still', { status: backoff, pods: [pod(running)] }, undefined],
  ['Job complete, pods not seen', { status: complete }, undefined],
  ['Job complete, there are no pods', { status: complete, podsAreFinal: true }, 'failed lost', /where its outputs are/],
  ['Job complete, there are no pods nor staging', { status: complete, podsAreFinal: true, staging: null }, 'succeeded'],

  // Cancelled
  ['cancelled, Job still there', { isCancelled: true, pods: [pod(running)] }, undefined],
  [
    'cancelled, pod still there',
    { isCancelled: true, job: null, pods: [pod(running, { metadata: deleted(1) })] },
    undefined,
  ],
  [
    'cancelled',
    { isCancelled: true, job: null, gone: [pod(terminated(143), { metadata: deleted(11) })] },
    'cancelled cancelled',
    'it was cancelled',
  ],
  [
    'cancelled on a node that does not answer',
    { isCancelled: true, job: null, pods: [pod(running, { metadata: deleted(61) })] },
    'cancelled cancelled',
  ],
  [
    'cancelled, Job to go after its pod',
    { isCancelled: true, job: job({}, { deletionTimestamp: time(1) }), pods: [pod(running, { metadata: deleted(1) })] },
    undefined,
  ],
  [
    'cancelled, Job to go after a pod on a node that does not answer',
    {
      isCancelled: true,
      job: job({}, { deletionTimestamp: time(61) }),
      pods: [pod(running, { metadata: deleted(61) })],
    },
    'cancelled cancelled',
  ],
];

describe('what is said', () => {
  test.each(table.map((row) => [row[0], row] as const))('%s', (_name, [, scene, state, words]) => {
    const found = said(scene);
    expect(found?.[0]).toBe(state);
    if (typeof words === 'string') expect(found?.[1]).toBe(words);
    else if (words) expect(found?.[1]).toMatch(words);
  });

  test('no two rows have one name', () => {
    expect(new Set(table.map(([name]) => name)).size).toBe(table.length);
  });
});

test('whatever the cluster answers, there is something to say', () => {
  const junk = fc.dictionary(
    fc.constantFrom(
      'conditions',
      'phase',
      'containerStatuses',
      'initContainerStatuses',
      'admission',
      'reason',
      'requeueState',
    ),
    fc.jsonValue(),
  );
  fc.assert(
    fc.property(junk, junk, junk, fc.boolean(), (ofPod, ofWorkload, spec, isSuspended) => {
      const scene = {
        job: { ...job({ suspend: isSuspended }), status: { conditions: 'none' } },
        workload: { ...workload([]), spec, status: ofWorkload } as KubernetesObject,
        pods: [{ ...pod(running), status: ofPod } as KubernetesObject],
      };
      const { observations, lookAgainAtMs } = look(scene);
      expect(observations.length > 0 || lookAgainAtMs === undefined).toBe(true);
    }),
  );
});

describe('what comes with it', () => {
  test('manifest, usage and time of a success', () => {
    const { observations, tail } = look({
      pods: [pod(terminated(0, { message: JSON.stringify({ ...report, tail: 'done' }) }))],
    });
    expect(observations).toEqual([
      { step, state: 'uploaded', manifest, usage: [{ wallMs: 1200 }], atMs: nowMs - 10_000 },
    ]);
    expect(tail).toBe('done');
  });

  test('an end that has just come is timed by when we hear of it', () => {
    const just = look({ staging: null, pods: [pod(terminated(0, { finishedAt: time(1) }))] });
    expect(just.observations).toMatchObject([{ atMs: nowMs }]);
  });

  test('the code of a storage error, for whoever decides whether it passes', () => {
    const error = { code: 'storage-unavailable', message: 'x', hint: 'wait' };
    const { observations } = look({
      pods: [pod(terminated(125, { message: JSON.stringify({ version: 1, usage: [], error }) }))],
    });
    expect(observations).toMatchObject([{ failure: { class: 'storage', code: 'storage-unavailable', hint: 'wait' } }]);
  });

  test('the wish for the pods of an object that has ended', () => {
    expect(look({ status: backoff })).toMatchObject({ observations: [], wantsPods: true });
    expect(look({ status: backoff, podsAreFinal: true }).wantsPods).toBeUndefined();
  });
});

describe('what is remembered', () => {
  test('an image that cannot be had fails the step after its time, and not before', () => {
    const scene = { pods: [pod(waitingFor('ErrImagePull', 'not found'))] };
    const first = look(scene);
    expect(first).toMatchObject({ memory: { troubleSinceMs: nowMs }, lookAgainAtMs: nowMs + 300_000 });
    const later = nowMs + 299_999;
    expect(said(scene, first.memory, later)?.[0]).toBe('starting');
    expect(look(scene, first.memory, later).memory.troubleSinceMs).toBe(nowMs);
    expect(said(scene, first.memory, nowMs + 300_000)).toEqual([
      'failed image',
      'its image python:3.12 cannot be pulled: not found',
    ]);
    // It came after all.
    expect(look({ pods: [pod(creating)] }, first.memory, later).memory.troubleSinceMs).toBeUndefined();
  });

  test('an agent that crashes is one trouble, though it runs between two crashes', () => {
    const crashed = {
      pods: [pod(waitingFor('PodInitializing'), { agent: waitingFor('CrashLoopBackOff'), restarts: 3 })],
    };
    const runsSince = (seconds: number) => ({ running: { startedAt: time(-seconds) } });
    const between = { pods: [pod(waitingFor('PodInitializing'), { agent: runsSince(190), restarts: 4 })] };
    let { memory } = look(crashed);
    memory = look(between, memory, nowMs + 200_000).memory;
    expect(said(crashed, memory, nowMs + 300_000)?.[0]).toBe('failed storage');
  });

  test('so it is while the command runs, which could not end without an agent; unless one runs on', () => {
    const running = { running: { startedAt: time(8) } };
    const agentSince = (seconds: number) => ({ agent: { running: { startedAt: time(-seconds) } }, restarts: 4 });
    const crashed = { pods: [pod(running, { agent: waitingFor('CrashLoopBackOff'), restarts: 3 })] };
    const between = { pods: [pod(running, agentSince(190))] };
    const first = look(crashed);
    expect(first.lookAgainAtMs).toBe(nowMs + 300_000);
    expect(said(crashed)).toEqual(['running', 'its agent ends again and again: exit code 1, no bucket']);
    const second = look(between, first.memory, nowMs + 200_000);
    expect(second.lookAgainAtMs).toBe(nowMs + 250_000);
    expect(said(between, first.memory, nowMs + 200_000)).toEqual([
      'running',
      'its agent ends again and again: exit code 1, no bucket',
    ]);
    expect(said(crashed, second.memory, nowMs + 300_000)).toEqual([
      'failed storage',
      'its agent ends again and again: exit code 1, no bucket',
    ]);
    expect(look(between, second.memory, nowMs + 250_000).memory.troubleSinceMs).toBeUndefined();
    expect(said(between, second.memory, nowMs + 250_000)?.[1]).toMatch(/^runs on node/);
  });

  test('what never fits fails after a minute, unless it may fit by then', () => {
    const scene = { job: suspended, workload: workload([['QuotaReserved', 'False', 'Pending', never]]) };
    const first = look(scene);
    expect(first.lookAgainAtMs).toBe(nowMs + 60_000);
    expect(said(scene, first.memory, nowMs + 59_999)?.[0]).toBe('queued');
    expect(said(scene, first.memory, nowMs + 60_000)).toEqual([
      'failed never-admissible',
      'it can never be admitted: asks for 2 cpu, and flavor real has 1 at most',
    ]);
    const room = { job: suspended, workload: workload([['QuotaReserved', 'False', 'Pending', 'x']]) };
    expect(look(room, first.memory).memory.neverFitsSinceMs).toBeUndefined();
  });

  test('an eviction between two looks is told as a way back to the queue', () => {
    const before = look({ pods: [pod(running)] });
    expect(before.memory.evictions).toBe(0);
    const again = workload(
      [
        ['QuotaReserved', 'True', 'QuotaReserved'],
        ['Admitted', 'True', 'Admitted'],
      ],
      {
        ...admission,
        schedulingStats: { evictions: [{ reason: 'Preempted', underlyingCause: '', count: 1 }] },
      },
    );
    const after = look({ workload: again, pods: [pod(running, { metadata: { uid: 'p2' } })] }, before.memory);
    expect(after.observations).toMatchObject([
      { state: 'queued', reason: 'was evicted (Preempted) and has been admitted again' },
      { state: 'running' },
    ]);
    expect(look({ workload: again, pods: [pod(running)] }, after.memory).observations).toHaveLength(1);
    // Nothing was told meanwhile, so nothing is remembered as told.
    const silent = look({ workload: again, pods: [pod(running, { metadata: deleted(1) })] }, before.memory);
    expect(silent).toMatchObject({ observations: [], memory: { evictions: 0 } });
  });

  test('a pod on a node that does not answer is looked at again', () => {
    const scene = { isCancelled: true, job: null, pods: [pod(running, { metadata: deleted(10) })] };
    expect(look(scene).lookAgainAtMs).toBe(nowMs + 50_000);
  });
});

test('what is admitted and gets no pods for long names who makes them', () => {
  const object = (kind: string): KubernetesObject => ({ ...job(), kind });
  const look = (kind: string, laterMs: number): Look =>
    observationOf(
      {
        step,
        object: object(kind),
        status: { suspended: false },
        isCancelled: false,
        workload: admitted,
        pods: [],
        others: [],
        podsAreFinal: false,
      },
      {},
      limits,
      nowMs + laterMs,
    );
  const sinceMs = nowMs - 5000;
  expect(look('JobSet', 0)).toMatchObject({ lookAgainAtMs: sinceMs + 45_000 });
  expect(look('JobSet', 39_000).observations).toMatchObject([
    { state: 'admitted', reason: 'is admitted by ClusterQueue cq' },
  ]);
  const late = look('JobSet', 40_000);
  expect(late.lookAgainAtMs).toBeUndefined();
  expect(late.observations).toMatchObject([
    {
      state: 'admitted',
      reason:
        'is admitted, but no pod of it was made in 45 s, which is the work of JobSet: it may be down, or say why in its log',
    },
  ]);
  expect(JSON.stringify(look('MPIJob', 40_000).observations)).toContain('the work of the MPI Operator');
  expect(JSON.stringify(look('Job', 40_000).observations)).toContain("the work of Kubernetes' controllers");
});
