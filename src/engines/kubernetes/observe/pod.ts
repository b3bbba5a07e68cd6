import * as z from 'zod';
import { containerNames } from '../../../domain/pod-layout.ts';
import type { KubernetesObject } from '../client/object.ts';
import { type Condition, conditionsOf, isRecord, parseTime } from '../kueue/condition.ts';

/** Names of the containers in a pod of a step. */
export interface PodContainers {
  readonly step: string;
  readonly agent: string;
  /** The step's container exits with 0 whatever its commands did: only its report says how they ended. */
  readonly isDiscreet?: true;
}

/** Of pods whose containers are ours to name. */
export const ownContainers: PodContainers = { step: containerNames.step, agent: containerNames.agent };

/** A pod of a step, as we read it. */
export interface Pod {
  readonly name: string;
  readonly uid: string;
  readonly node?: string;
  readonly createdAtMs: number;
  /** A controller or a person has deleted it: by then its containers should have ended. */
  readonly goneByMs?: number;
  /** When that was, as long as it is known. */
  readonly deletedAtMs?: number;
  readonly isGone: boolean;
  readonly phase: string;
  /** Of the pod as a whole: `Evicted`, `DeadlineExceeded`, `NodeLost`, … */
  readonly reason: string;
  readonly message: string;
  readonly conditions: readonly Condition[];
  readonly step?: ContainerState;
  readonly agent?: ContainerState;
  /** What others have put beside them, a view of Flux for example. */
  readonly others: readonly ContainerState[];
  /** As PodContainers has it. */
  readonly isDiscreet?: true;
  /** As the pod asks for it: `2Gi`. */
  readonly memoryLimit?: string;
  /** Of the pod itself, from its start. */
  readonly deadlineSeconds?: number;
}

export interface ContainerState {
  readonly name: string;
  readonly image: string;
  readonly restarts: number;
  readonly waiting?: { readonly reason: string; readonly message: string };
  readonly running?: { readonly sinceMs?: number };
  readonly terminated?: Termination;
  /** How it ended before it was started again. */
  readonly last?: Termination;
}

export interface Termination {
  readonly exitCode: number;
  /** Of the signal that ended it, where the runtime tells. */
  readonly signal?: number;
  readonly reason: string;
  readonly message: string;
  readonly startedAtMs?: number;
  readonly finishedAtMs?: number;
}

const Text = z.string().catch('');
const Terminated = z
  .object({
    exitCode: z.number(),
    signal: z.number().optional().catch(undefined),
    reason: Text,
    message: Text,
    startedAt: z.unknown().optional(),
    finishedAt: z.unknown().optional(),
  })
  .transform(({ exitCode, signal, reason, message, startedAt, finishedAt }): Termination => {
    const [startedAtMs, finishedAtMs] = [parseTime(startedAt), parseTime(finishedAt)];
    return {
      exitCode,
      ...(signal && { signal }),
      reason,
      message,
      ...(startedAtMs !== undefined && { startedAtMs }),
      ...(finishedAtMs !== undefined && { finishedAtMs }),
    };
  })
  .optional()
  .catch(undefined);

const State = z
  .object({
    waiting: z.object({ reason: Text, message: Text }).optional().catch(undefined),
    running: z.object({ startedAt: z.unknown().optional() }).optional().catch(undefined),
    terminated: Terminated,
  })
  .catch({ waiting: undefined, running: undefined, terminated: undefined });

const Container = z.object({
  name: z.string(),
  image: Text,
  restartCount: z.number().catch(0),
  state: State,
  lastState: State,
});

const Containers = z.array(Container).catch([]);

/** Never fails: what is missing or of another shape is left out. */
export function readPod(
  object: KubernetesObject,
  isGone: boolean,
  { step: main, agent: beside, isDiscreet }: PodContainers = ownContainers,
): Pod {
  const status = object.status ?? {};
  const spec = object.spec ?? {};
  const all = [status['initContainerStatuses'], status['containerStatuses']].flatMap(containersOf);
  const step = all.find(({ name: own }) => own === main);
  const agent = all.find(({ name: own }) => own === beside);
  const memoryLimit = memoryLimitOf(spec['containers'], main);
  const deadlineSeconds = spec['activeDeadlineSeconds'];
  const { name, uid, creationTimestamp, deletionTimestamp, deletionGracePeriodSeconds: grace } = object.metadata;
  const goneByMs = parseTime(deletionTimestamp);
  return {
    name,
    uid: uid ?? '',
    ...(typeof spec['nodeName'] === 'string' && { node: spec['nodeName'] }),
    createdAtMs: parseTime(creationTimestamp) ?? 0,
    ...(goneByMs !== undefined && { goneByMs }),
    // The time is that of the call plus the grace period. When its containers have ended, the kubelet deletes it once more,
    // with a grace of 0 and a time of its own: then the first call is not known any more.
    ...(goneByMs !== undefined && typeof grace === 'number' && grace > 0 && { deletedAtMs: goneByMs - grace * 1000 }),
    isGone,
    phase: Text.parse(status['phase']),
    reason: Text.parse(status['reason']),
    message: Text.parse(status['message']),
    conditions: conditionsOf(status),
    ...(step && { step }),
    ...(agent && { agent }),
    others: all.filter((container) => container !== step && container !== agent),
    ...(isDiscreet && { isDiscreet }),
    ...(memoryLimit !== undefined && { memoryLimit }),
    ...(typeof deadlineSeconds === 'number' && { deadlineSeconds }),
  };
}

function containersOf(statuses: unknown): readonly ContainerState[] {
  return Containers.parse(statuses ?? []).map(({ name, image, restartCount, state, lastState }) => {
    const { waiting, running, terminated } = state;
    const sinceMs = parseTime(running?.startedAt);
    return {
      name,
      image,
      restarts: restartCount,
      ...(waiting && { waiting }),
      ...(running && { running: { ...(sinceMs !== undefined && { sinceMs }) } }),
      ...(terminated && { terminated }),
      ...(lastState.terminated && { last: lastState.terminated }),
    };
  });
}

function memoryLimitOf(containers: unknown, main: string): string | undefined {
  if (!Array.isArray(containers)) return undefined;
  const step = containers.filter(isRecord).find(({ name }) => name === main);
  const resources = step?.['resources'];
  const limits = isRecord(resources) && isRecord(resources['limits']) ? resources['limits'] : {};
  const memory = limits['memory'];
  return typeof memory === 'string' || typeof memory === 'number' ? String(memory) : undefined;
}

/**
 * The newest one that nobody has deleted, else the newest: Kueue's next admission makes a new pod. One that has failed by itself
 * comes before one that its Job has made in its place, of which nothing is to be expected.
 */
export function currentPod(pods: readonly Pod[]): Pod | undefined {
  const isLeaving = ({ isGone, goneByMs }: Pod): number => Number(isGone || goneByMs !== undefined);
  const hasFailed = ({ step }: Pod): number => Number((step?.terminated?.exitCode ?? 0) !== 0);
  return [...pods].sort(
    (a, b) => isLeaving(a) - isLeaving(b) || hasFailed(b) - hasFailed(a) || b.createdAtMs - a.createdAtMs,
  )[0];
}
