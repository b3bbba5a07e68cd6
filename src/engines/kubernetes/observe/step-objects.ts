import type { StepId } from '../../../domain/brand.ts';
import type { Observation } from '../../../domain/observation.ts';
import type { StagingPlan } from '../../../domain/staging.ts';
import type { KubernetesObject } from '../client/object.ts';
import type { PodRole, WorkloadStatus } from '../kinds/kind.ts';
import type { PodContainers } from './pod.ts';

/**
 * All that the cluster has of a step that was submitted, as it was seen last. Each part comes from a watch of its own, so one
 * may be ahead of another.
 */
export interface StepObjects {
  readonly step: StepId;
  /** Who moves its files; absent: nobody has to. */
  readonly staging?: StagingPlan['by'];
  /** The Job or the like; undefined once it has been deleted, by us or by somebody. */
  readonly object?: KubernetesObject;
  /** What its kind says of `object`, or of what an operator has made of it (Kind.status). */
  readonly status?: WorkloadStatus;
  /** Who has not made that yet. */
  readonly awaitedOperator?: string;
  /** Somebody asked us to end the step. */
  readonly isCancelled: boolean;
  /** Kueue's. */
  readonly workload?: KubernetesObject;
  /** Names of the containers in its pods; absent: ours. */
  readonly containers?: PodContainers;
  /** Those that end the step (Kind.roleOf); one that is gone has its last state known. */
  readonly pods: readonly { readonly object: KubernetesObject; readonly gone: boolean }[];
  /** Its other pods, by what they are for. */
  readonly others: readonly OtherPod[];
  /** Whether the pods were listed after the object's end was seen: then what is not among them is gone. */
  readonly podsAreFinal: boolean;
}

export interface OtherPod {
  readonly role: Exclude<PodRole, 'main'>;
  readonly object: KubernetesObject;
  readonly gone: boolean;
}

/** What is to be remembered of a step from one look to the next; empty at first, and after a restart of the core. */
export interface Memory {
  /** Since when its image or container has failed to come. */
  readonly troubleSinceMs?: number;
  /** Since when Kueue says that it can never be admitted. */
  readonly neverFitsSinceMs?: number;
  /** How often Kueue had evicted it. */
  readonly evictions?: number;
}

export interface Look {
  /** To be told in order. None: nothing can be said yet. An end is the last thing that is said of a step. */
  readonly observations: readonly Observation[];
  readonly memory: Memory;
  /** Look again at that time (ms since the epoch), if nothing has changed before. */
  readonly lookAgainAtMs?: number;
  /** The object has ended, and its pod has not been seen: list the pods, then look again with `podsAreFinal`. */
  readonly wantsPods?: true;
  /** The last lines of what the command wrote, with its end. */
  readonly tail?: string;
}

export interface Limits {
  /** For how long an image may fail to be pulled, or a container to be made (KubernetesSettings). */
  readonly imageTimeoutMs: number;
}
