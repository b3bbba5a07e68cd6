/**
 * Every condition and reason of a Workload, and what we say of it. Source: apis/kueue/v1beta2/workload_types.go and
 * pkg/workload/evict of Kueue 0.19.2; granular reasons come with its gate UnadmittedWorkloadsObservability (off there, on
 * later). docs/reference/kueue.md shows this table; workload-phase.test.ts tests every row.
 *
 * A sentence goes on after the step's name. In braces: `{message}` is Kueue's message, in our words where we know it
 * (scheduler-message.ts); `{queue}`, `{clusterQueue}`, `{checks}` and `{requeueAt}` come from the Workload.
 */
export interface ConditionRow {
  readonly condition: string;
  readonly status: 'True' | 'False';
  readonly reason: string;
  /** What it makes of the Workload; absent: it only adds to what another condition says. */
  readonly phase?: PhaseKind;
  readonly sentence: string;
}

/**
 * - `unseen`: Kueue has not said anything yet.
 * - `pending`: waits for its turn, for room, or for Kueue.
 * - `never-fits`: asks for more than its queue can ever have.
 * - `inadmissible`: its queue cannot take it until somebody changes something.
 * - `gated`: somebody holds it back, and will let it go.
 * - `quota-reserved`: has its quota; something else is awaited.
 * - `admitted`: may run.
 * - `evicted`: was stopped, and starts anew without anybody's help.
 * - `deactivated`: was stopped, and stays so.
 * - `finished`: is over.
 */
export const phaseKinds = [
  'unseen',
  'pending',
  'never-fits',
  'inadmissible',
  'gated',
  'quota-reserved',
  'admitted',
  'evicted',
  'deactivated',
  'finished',
] as const;

export type PhaseKind = (typeof phaseKinds)[number];

const quotaReserved = [
  {
    status: 'True',
    reason: 'QuotaReserved',
    phase: 'quota-reserved',
    sentence: 'has its quota in ClusterQueue {clusterQueue} and is about to be admitted',
  },
  { status: 'False', reason: 'Pending', phase: 'pending', sentence: 'waits for quota: {message}' },
  { status: 'False', reason: 'Inadmissible', phase: 'inadmissible', sentence: 'cannot be admitted: {message}' },
  {
    status: 'False',
    reason: 'AdmissionGated',
    phase: 'gated',
    sentence: 'is held back by an admission gate: {message}',
  },
  { status: 'False', reason: 'OnHold', phase: 'inadmissible', sentence: 'was taken out of queue {queue}: {message}' },
  {
    status: 'False',
    reason: 'Waiting',
    phase: 'pending',
    sentence: 'waits until the pods of those that were admitted before it are ready',
  },
  { status: 'False', reason: 'WaitingForQuota', phase: 'pending', sentence: 'waits for quota: {message}' },
  { status: 'False', reason: 'ExceedsMaxQuota', phase: 'never-fits', sentence: 'can never be admitted: {message}' },
  {
    status: 'False',
    reason: 'NoMatchingFlavor',
    phase: 'inadmissible',
    sentence: 'cannot be admitted, for no flavor of its queue has the nodes that it wants: {message}',
  },
  {
    status: 'False',
    reason: 'TopologyPlacementFailed',
    phase: 'pending',
    sentence: 'waits for nodes that are as near to each other as it asks: {message}',
  },
  {
    status: 'False',
    reason: 'WaitingForPreemptedWorkloads',
    phase: 'pending',
    sentence: 'waits until those that are preempted for it have ended: {message}',
  },
  {
    status: 'False',
    reason: 'Misconfigured',
    phase: 'inadmissible',
    sentence: 'cannot be admitted, for something is not set up rightly: {message}',
  },
  {
    status: 'False',
    reason: 'Suspended',
    phase: 'inadmissible',
    sentence: 'cannot be admitted while its queue is stopped: {message}',
  },
  {
    status: 'False',
    reason: 'PendingEvaluation',
    phase: 'pending',
    sentence: 'waits in queue {queue}; Kueue has not looked at it yet',
  },
  {
    status: 'False',
    reason: 'WaitingForPodsReady',
    phase: 'pending',
    sentence: 'waits until the pods of those that were admitted before it are ready',
  },
  { status: 'False', reason: 'Deactivated', phase: 'deactivated', sentence: 'was deactivated' },
] as const;

const admitted = [
  {
    status: 'True',
    reason: 'Admitted',
    phase: 'admitted',
    sentence: 'is admitted by ClusterQueue {clusterQueue}',
  },
  { status: 'False', reason: 'NoReservation', phase: 'pending', sentence: 'waits in queue {queue}; it has no quota' },
  {
    status: 'False',
    reason: 'NoReservationUnsatisfiedChecks',
    phase: 'pending',
    sentence: 'waits in queue {queue}; it has no quota, and then come admission checks: {checks}',
  },
  {
    status: 'False',
    reason: 'UnsatisfiedChecks',
    phase: 'quota-reserved',
    sentence: 'has its quota and waits for admission checks: {checks}',
  },
  {
    status: 'False',
    reason: 'UnsatisfiedAdmissionChecks',
    phase: 'quota-reserved',
    sentence: 'has its quota and waits for admission checks: {checks}',
  },
  {
    status: 'False',
    reason: 'PendingDelayedTopologyRequests',
    phase: 'quota-reserved',
    sentence: 'has its quota and waits until Kueue has chosen its nodes',
  },
] as const;

const podsReady = [
  { status: 'False', reason: 'WaitForStart', sentence: 'its pods are not ready yet' },
  { status: 'False', reason: 'WaitForRecovery', sentence: 'a pod of it failed, and another one is awaited' },
  { status: 'True', reason: 'Started', sentence: 'its pods are ready' },
  { status: 'True', reason: 'Recovered', sentence: 'its pods are ready again' },
] as const;

const evicted = [
  {
    status: 'True',
    reason: 'Preempted',
    phase: 'evicted',
    sentence: 'was preempted, and starts anew when there is room',
  },
  {
    status: 'True',
    reason: 'PodsReadyTimeout',
    phase: 'evicted',
    sentence: 'was evicted, for its pods were not ready in time, and starts anew',
  },
  {
    status: 'True',
    reason: 'AdmissionCheck',
    phase: 'evicted',
    sentence: 'was evicted by an admission check, and starts anew: {message}',
  },
  {
    status: 'True',
    reason: 'ClusterQueueStopped',
    phase: 'evicted',
    sentence: 'was evicted, for its ClusterQueue was stopped, and starts anew when that goes on',
  },
  {
    status: 'True',
    reason: 'LocalQueueStopped',
    phase: 'evicted',
    sentence: 'was evicted, for queue {queue} was stopped, and starts anew when that goes on',
  },
  {
    status: 'True',
    reason: 'NodeFailures',
    phase: 'evicted',
    sentence: 'was evicted, for a node of it failed, and starts anew: {message}',
  },
  {
    status: 'True',
    reason: 'FlavorMigration',
    phase: 'evicted',
    sentence: 'was stopped to be moved to a better flavor, and starts anew there',
  },
  {
    status: 'True',
    reason: 'EvictedOnManagerCluster',
    phase: 'evicted',
    sentence: 'was evicted by the cluster that manages this one, and starts anew',
  },
  {
    status: 'True',
    reason: 'WorkloadSliceReplaced',
    phase: 'evicted',
    sentence: 'was replaced by a Workload of another size',
  },
  {
    status: 'True',
    reason: 'Deactivated',
    phase: 'deactivated',
    sentence: 'was deactivated by somebody (spec.active of its Workload is false)',
  },
  {
    status: 'True',
    reason: 'DeactivatedDueToMaximumExecutionTimeExceeded',
    phase: 'deactivated',
    sentence: 'was deactivated: it ran longer than its maximum execution time',
  },
  {
    status: 'True',
    reason: 'DeactivatedDueToRequeuingLimitExceeded',
    phase: 'deactivated',
    sentence: 'was deactivated: its pods were not ready in time, more often than Kueue tries',
  },
  {
    status: 'True',
    reason: 'DeactivatedDueToAdmissionCheck',
    phase: 'deactivated',
    sentence: 'was deactivated: an admission check refuses it: {checks}',
  },
] as const;

const preempted = [
  {
    status: 'True',
    reason: 'InClusterQueue',
    sentence: 'was preempted by one of higher priority in its ClusterQueue, and starts anew when there is room',
  },
  {
    status: 'True',
    reason: 'InCohortReclamation',
    sentence: 'was preempted by a ClusterQueue that takes back what it had lent, and starts anew when there is room',
  },
  {
    status: 'True',
    reason: 'InCohortFairSharing',
    sentence: 'was preempted so that the cohort is shared fairly, and starts anew when there is room',
  },
  {
    status: 'True',
    reason: 'InCohortReclaimWhileBorrowing',
    sentence:
      'was preempted by one of higher priority, whose ClusterQueue borrows from its cohort, and starts anew when there is room',
  },
] as const;

const requeued = [
  {
    status: 'True',
    reason: 'Reactivated',
    phase: 'pending',
    sentence: 'was activated again and waits in queue {queue}',
  },
  { status: 'True', reason: 'BackoffFinished', sentence: 'it waits in queue {queue} again' },
  { status: 'True', reason: 'ClusterQueueRestarted', sentence: 'its ClusterQueue goes on, and it waits there again' },
  { status: 'True', reason: 'LocalQueueRestarted', sentence: 'queue {queue} goes on, and it waits there again' },
  { status: 'True', reason: 'Preempted', sentence: 'it waits in queue {queue} again' },
  { status: 'True', reason: 'NodeFailures', sentence: 'it waits in queue {queue} again' },
  { status: 'False', reason: 'PodsReadyTimeout', sentence: 'it is queued again {requeueAt}' },
  { status: 'False', reason: 'AdmissionCheck', sentence: 'it is queued again {requeueAt}' },
  { status: 'False', reason: 'Inadmissible', sentence: 'it is not queued again: {message}' },
] as const;

const finished = [
  { status: 'True', reason: 'Succeeded', phase: 'finished', sentence: 'has succeeded' },
  { status: 'True', reason: 'Failed', phase: 'finished', sentence: 'has failed: {message}' },
  {
    status: 'True',
    reason: 'OutOfSync',
    phase: 'finished',
    sentence: 'was given up by Kueue, for it no longer is what its Workload says: {message}',
  },
  {
    status: 'True',
    reason: 'OwnerNotFound',
    phase: 'finished',
    sentence: 'was given up by Kueue, for what it belongs to is gone',
  },
  {
    status: 'True',
    reason: 'FailedToStart',
    phase: 'finished',
    sentence: 'was admitted, but Kueue cannot start it: {message}',
  },
] as const;

const deactivationTarget = [
  {
    status: 'True',
    reason: 'MaximumExecutionTimeExceeded',
    sentence: 'was deactivated: it ran longer than its maximum execution time',
  },
  {
    status: 'True',
    reason: 'RequeuingLimitExceeded',
    sentence: 'was deactivated: its pods were not ready in time, more often than Kueue tries',
  },
  { status: 'True', reason: 'AdmissionCheck', sentence: 'was deactivated: an admission check refuses it: {checks}' },
] as const;

const others = [
  {
    condition: 'BlockedOnPreemptionGates',
    status: 'True',
    reason: 'PreemptionGated',
    sentence: 'it may not preempt others yet',
  },
  {
    condition: 'WaitingForReplacementPods',
    status: 'True',
    reason: 'PodsFailed',
    sentence: 'another pod is awaited in place of a lost one',
  },
] as const;

export const conditionRows: readonly ConditionRow[] = [
  ...of('QuotaReserved', quotaReserved),
  ...of('Admitted', admitted),
  ...of('PodsReady', podsReady),
  ...of('Evicted', evicted),
  ...of('Preempted', preempted),
  ...of('Requeued', requeued),
  ...of('Finished', finished),
  ...of('DeactivationTarget', deactivationTarget),
  ...others,
];

function of(condition: string, rows: readonly Omit<ConditionRow, 'condition'>[]): ConditionRow[] {
  return rows.map((row) => ({ condition, ...row }));
}

const byKey = new Map(conditionRows.map((row) => [keyOf(row), row]));

/** Undefined: a reason that this version does not know. */
export function rowOf(condition: {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
}): ConditionRow | undefined {
  return byKey.get(keyOf({ ...condition, condition: condition.type }));
}

export function keyOf({ condition, status, reason }: { condition: string; status: string; reason: string }): string {
  return `${condition}=${status} ${reason}`;
}
