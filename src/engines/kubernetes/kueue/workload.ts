import * as z from 'zod';
import type { KubernetesObject } from '../client/object.ts';
import { type Condition, conditionsOf, parseTime } from './condition.ts';
import { kueueLabels } from './labels.ts';

/**
 * A Workload of Kueue's, as we read it: what Kueue thinks of a Job or the like. Shape: apis/kueue/v1beta2/workload_types.go.
 */
export interface Workload {
  readonly name: string;
  /** Of the Job or the like that it stands for. */
  readonly jobUid?: string;
  /** A LocalQueue. */
  readonly queue: string;
  /** False: deactivated, by Kueue or by a person. */
  readonly active: boolean;
  readonly priorityClass?: string;
  readonly conditions: readonly Condition[];
  /** What it has reserved. */
  readonly admission?: { readonly clusterQueue: string; readonly flavors: readonly string[] };
  /** After an eviction: how often it was queued again, and when it may be next. */
  readonly requeue?: { readonly count: number; readonly atMs?: number };
  readonly evictions: readonly Eviction[];
  /** What a Workload that waits asks for, of all its pods together, as quantities. */
  readonly requests: readonly { readonly podSet: string; readonly resources: Readonly<Record<string, string>> }[];
  readonly admissionChecks: readonly AdmissionCheck[];
}

export interface Eviction {
  readonly reason: string;
  readonly cause: string;
  readonly count: number;
}

export interface AdmissionCheck {
  readonly name: string;
  readonly state: string;
  readonly message: string;
}

const Text = z.string().catch('');
const Count = z.number().catch(0);
const Quantity = z.union([z.string(), z.number()]).transform(String);

const Spec = z.object({
  queueName: Text,
  active: z.boolean().catch(true),
  priorityClassRef: z.object({ name: z.string() }).optional().catch(undefined),
});

const Status = z.object({
  admission: z
    .object({
      clusterQueue: Text,
      podSetAssignments: z.array(z.object({ flavors: z.record(z.string(), z.string()).catch({}) })).catch([]),
    })
    .optional()
    .catch(undefined),
  requeueState: z.object({ count: Count, requeueAt: z.unknown().optional() }).optional().catch(undefined),
  schedulingStats: z
    .object({
      evictions: z.array(z.object({ reason: Text, underlyingCause: Text, count: Count })).catch([]),
    })
    .optional()
    .catch(undefined),
  resourceRequests: z.array(z.object({ name: Text, resources: z.record(z.string(), Quantity).catch({}) })).catch([]),
  admissionChecks: z.array(z.object({ name: Text, state: Text, message: Text })).catch([]),
});

/** Never fails: what is missing or of another shape is left out. */
export function readWorkload(object: KubernetesObject): Workload {
  const spec = Spec.parse(object.spec ?? {});
  const status = Status.parse(object.status ?? {});
  const jobUid = object.metadata.labels?.[kueueLabels.jobUid];
  const { admission, requeueState } = status;
  const atMs = parseTime(requeueState?.requeueAt);
  return {
    name: object.metadata.name,
    ...(jobUid !== undefined && { jobUid }),
    queue: spec.queueName,
    active: spec.active,
    ...(spec.priorityClassRef && { priorityClass: spec.priorityClassRef.name }),
    conditions: conditionsOf(object.status),
    ...(admission && {
      admission: {
        clusterQueue: admission.clusterQueue,
        flavors: [...new Set(admission.podSetAssignments.flatMap(({ flavors }) => Object.values(flavors)))],
      },
    }),
    ...(requeueState && { requeue: { count: requeueState.count, ...(atMs !== undefined && { atMs }) } }),
    evictions: (status.schedulingStats?.evictions ?? []).map(({ reason, underlyingCause, count }) => ({
      reason,
      cause: underlyingCause,
      count,
    })),
    requests: status.resourceRequests.map(({ name, resources }) => ({ podSet: name, resources })),
    admissionChecks: status.admissionChecks,
  };
}

/** How often it was evicted, for whatever reason. */
export function evictionCount({ evictions }: Workload): number {
  return evictions.reduce((sum, { count }) => sum + count, 0);
}
