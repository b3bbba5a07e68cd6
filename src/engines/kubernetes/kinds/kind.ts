import type { KonvergeError } from '../../../domain/error.ts';
import type { WorkloadKind } from '../../../domain/kind.ts';
import type { WorkOrder } from '../../../ports/engine.ts';
import type { KubernetesObject, ResourceType } from '../client/object.ts';
import type { StepPod } from '../pod/step-pod.ts';

/**
 * One kind of workload: what Kubernetes object a step becomes, and how that object is read. A folder per kind with the same
 * files (manifest, status, validate, capabilities); kinds/registry.ts lists them.
 */
export interface Kind {
  readonly name: WorkloadKind;
  readonly resource: ResourceType;
  /** What this kind cannot do, as data: a short name and the reason. */
  readonly limits: Readonly<Record<string, string>>;

  /** Why this order cannot become this kind; touches nothing. */
  validate(order: WorkOrder): KonvergeError | undefined;

  /** The object to create, suspended; Kueue starts it. Pure. */
  manifest(order: WorkOrder, pod: StepPod): KubernetesObject;

  /** What the object itself says. Pure. */
  status(object: KubernetesObject): WorkloadStatus;

  /** Whether a pod is the one whose step container ends the step (the only one, the launcher, index 0). */
  isMain(pod: KubernetesObject): boolean;
}

/** An object's own view of its life, in one vocabulary for all kinds. Queue and pods say the rest (observe/). */
export interface WorkloadStatus {
  readonly suspended: boolean;
  readonly end?:
    | { readonly kind: 'complete' }
    /** `reason` and `message` are the object's own: BackoffLimitExceeded, DeadlineExceeded, … */
    | { readonly kind: 'failed'; readonly reason: string; readonly message: string };
}
