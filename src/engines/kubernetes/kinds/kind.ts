import type { KonvergeError } from '../../../domain/error.ts';
import type { WorkloadKind } from '../../../domain/kind.ts';
import type { KubernetesSettings } from '../../../domain/kubernetes-settings.ts';
import type { WorkOrder } from '../../../ports/engine.ts';
import type { KubernetesObject, ResourceType } from '../client/object.ts';
import type { PodContainers } from '../observe/pod.ts';
import type { PodContext } from '../pod/pod-context.ts';
import type { StepAdditions } from '../pod/step-additions.ts';
import type { StepPod } from '../pod/step-pod.ts';

/**
 * One kind of workload: what Kubernetes object a step becomes, and how that object is read. A folder per kind with the same
 * files (manifest, status, validate, limits); kinds/registry.ts lists them.
 */
export interface Kind {
  readonly name: WorkloadKind;
  readonly resource: ResourceType;
  /**
   * What Kueue queues, where that is not the object itself: what an operator makes of it, of the same name and with our labels.
   * `status` reads it then.
   */
  readonly queued?: ResourceType;
  /** Where its objects are, if not in the namespace of the run. */
  readonly namespace?: (settings: KubernetesSettings, namespace: string) => string;
  /** What this kind cannot do, as data: a short name and the reason. */
  readonly limits: Readonly<Record<string, string>>;

  /** Why this order cannot become this kind; touches nothing. */
  validate(order: WorkOrder, surroundings: KindSurroundings): KonvergeError | undefined;

  /** What the step's container needs besides its commands. Pure; absent: nothing. */
  additions?(order: WorkOrder, surroundings: KindSurroundings): StepAdditions;

  /** The object to create, suspended; Kueue starts it. Pure. */
  manifest(order: WorkOrder, pod: StepPod, surroundings: KindSurroundings): KubernetesObject;

  /** The pods of a manifest as Kueue counts them. Pure. */
  podSets(manifest: KubernetesObject): readonly PodSet[];

  /** What the object itself says, or what is `queued`. Pure. */
  status(object: KubernetesObject): WorkloadStatus;

  /** What a pod of the step is for. */
  roleOf(pod: KubernetesObject): PodRole;

  /** Of the pods of an object of this name; absent: ours. */
  containers?(object: string): PodContainers;
}

/** What a manifest depends on besides the order. */
export interface KindSurroundings {
  readonly settings: KubernetesSettings;
  readonly context: PodContext;
}

/**
 * - `main`: its step container ends the step (the only pod, the launcher, index 0).
 * - `rank`: another pod of a program that runs on several.
 * - `service`: runs beside the application, and ends with it.
 */
export type PodRole = 'main' | 'rank' | 'service';

/** Pods that are all alike. */
export interface PodSet {
  readonly name: string;
  readonly count: number;
  /** Of each pod, as core/v1 has it. */
  readonly spec: Readonly<Record<string, unknown>>;
}

/** An object's own view of its life, in one vocabulary for all kinds. Queue and pods say the rest (observe/). */
export interface WorkloadStatus {
  readonly suspended: boolean;
  readonly end?:
    | { readonly kind: 'complete' }
    /** `reason` and `message` are the object's own: BackoffLimitExceeded, DeadlineExceeded, … */
    | {
        readonly kind: 'failed';
        readonly reason: string;
        readonly message: string;
        /** Whose pods made it fail, where it was not the application. */
        readonly service?: string;
      };
}
