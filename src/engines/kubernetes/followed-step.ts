import type { StepId } from '../../domain/brand.ts';
import type { Observation } from '../../domain/observation.ts';
import type { WorkOrder } from '../../ports/engine.ts';
import type { ClusterClient } from './client/cluster-client.ts';
import type { KubernetesObject, ResourceType } from './client/object.ts';
import type { Kind } from './kinds/kind.ts';
import type { Memory } from './observe/step-objects.ts';

/**
 * One step on its way, as this engine knows it: what was asked, and the newest state of each object that belongs to it.
 *
 * waiting    Nothing of it is in the cluster: it waits for its POST, for a session, or for the API server.
 * posted     Its object is there (or was: then `object` is gone and the pods tell the rest).
 * cancelled  Its end was asked for: the object is being removed, and its pods are awaited.
 * over       Its end has been observed; what is left of it is being removed.
 */
export interface FollowedStep {
  readonly order: WorkOrder;
  readonly kind: Kind;
  /** The API server, in the namespace where this step's objects are. */
  readonly client: ClusterClient;
  /** Of the object. */
  readonly name: string;
  phase: 'waiting' | 'posted' | 'cancelled' | 'over';
  /** The main object; undefined before it was posted, and after it has gone. */
  object: KubernetesObject | undefined;
  /** Of the object, also when it has gone. */
  uid: string | undefined;
  /** What its operator has made of the object, where that is what Kueue queues (Kind.queued). */
  queued: KubernetesObject | undefined;
  /** Of what Kueue queues, also when it has gone. */
  queuedUid: string | undefined;
  /** Kueue's Workload of it. */
  workload: KubernetesObject | undefined;
  /** By name; a pod that has gone keeps its last state until its step is over. */
  readonly pods: Map<string, FollowedPod>;
  /** Why it waits in its queue, in one sentence; undefined once it is admitted. */
  waits: string | undefined;
  /** That was asked for since it was launched. */
  priorityClass: string | undefined;
  /** When it is to be looked at again without a change, such as an image that cannot be pulled. */
  lookAgain: NodeJS.Timeout | undefined;
  /** Whether all pods that there are have been listed since the object ended. */
  podsAreFinal: boolean;
  /** Of observationOf, from one look to the next. */
  memory: Memory;
  /** Of a cancelled step: its last words on their way here. */
  lastLogs: Promise<void> | undefined;
  /** What was told last. */
  told: Observation | undefined;
}

export interface FollowedPod {
  object: KubernetesObject;
  gone: boolean;
}

export function followedStep(order: WorkOrder, kind: Kind, name: string, client: ClusterClient): FollowedStep {
  return {
    order,
    kind,
    name,
    client,
    phase: 'waiting',
    object: undefined,
    uid: undefined,
    queued: undefined,
    queuedUid: undefined,
    workload: undefined,
    pods: new Map(),
    waits: 'waits to be submitted',
    priorityClass: undefined,
    lookAgain: undefined,
    podsAreFinal: false,
    memory: {},
    lastLogs: undefined,
    told: undefined,
  };
}

export function idOf(step: FollowedStep): StepId {
  return step.order.id;
}

/** What Kueue has in a queue of it, if that is in the cluster. */
export function queuedOf({ kind, object, queued }: FollowedStep): KubernetesObject | undefined {
  return kind.queued === undefined ? object : queued;
}

export function queuedTypeOf({ kind }: FollowedStep): ResourceType {
  return kind.queued ?? kind.resource;
}
