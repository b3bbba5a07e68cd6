import type { StepAdditions } from './step-additions.ts';

/**
 * What every kind needs to make an object of a step: names and labels of the whole, and the pod in which its commands run.
 * Made by pod/build-step-pod.ts from a WorkOrder; pure data.
 */
export interface StepPod {
  /** Of the object: deterministic (names.ts), at most 50 characters, so that kinds may add suffixes. A DNS-1035 label. */
  readonly name: string;
  readonly namespace: string;
  /** For the object and its pods: run, rule, step, attempt, generation, cut to what a label may hold. */
  readonly labels: Readonly<Record<string, string>>;
  /** Full values, and the hashes of design.md 12.1. */
  readonly annotations: Readonly<Record<string, string>>;
  /** A LocalQueue. */
  readonly queue: string;
  /** A WorkloadPriorityClass. */
  readonly priorityClass?: string;
  /** From a stated `runtime`; counts from the admission. */
  readonly deadlineSeconds?: number;
  /** The pod's `metadata` (labels, annotations) and `spec`, as core/v1 has them. */
  readonly template: {
    readonly metadata: {
      readonly labels: Readonly<Record<string, string>>;
      readonly annotations: Readonly<Record<string, string>>;
    };
    readonly spec: Readonly<Record<string, unknown>>;
  };
  /** What its Secret has for the step besides the commands. */
  readonly additions: StepAdditions;
  /** Name of the Secret that the template mounts; made right after the object, owned by it (design.md 12.11). */
  readonly secretName: string;
}
