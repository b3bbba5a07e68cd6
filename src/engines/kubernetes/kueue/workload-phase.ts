import { type Condition, find, holds } from './condition.ts';
import { parseSchedulerMessage } from './scheduler-message.ts';
import type { Workload } from './workload.ts';
import { type PhaseKind, rowOf } from './workload-conditions.ts';

export interface WorkloadPhase {
  readonly kind: PhaseKind;
  /** Kueue's own word for it, empty if there is none yet. */
  readonly reason: string;
  /** One sentence for a person, without its subject: `waits for quota: …`. */
  readonly sentence: string;
}

/**
 * What Kueue makes of a Workload now. The order is that of facts: an end and a deactivation count whatever else is said, and
 * an eviction counts until quota is reserved anew (`Evicted` is False then).
 */
export function phaseOf(workload: Workload | undefined): WorkloadPhase {
  if (workload === undefined) return { kind: 'unseen', reason: '', sentence: 'waits for Kueue to take it up' };
  const { conditions } = workload;
  const finished = holds(conditions, 'Finished');
  if (finished) return phase(workload, finished, 'finished');
  if (!workload.active) return deactivated(workload);
  const reserved = find(conditions, 'QuotaReserved');
  const waiting = reserved?.status === 'False' ? waitingFor(workload, reserved) : undefined;
  if (waiting?.kind === 'never-fits') return waiting;
  const evicted = holds(conditions, 'Evicted');
  if (evicted) return evictedPhase(workload, evicted, waiting);
  const admitted = find(conditions, 'Admitted');
  if (admitted?.status === 'True') return admittedPhase(workload, admitted);
  if (waiting) return waiting;
  if (reserved?.status === 'True') return reservedPhase(workload, admitted ?? reserved);
  if (admitted) return phase(workload, admitted, 'pending');
  // Of workloads that ask for the same Kueue 0.19 tries only the first; what it finds it does not write into the others.
  const sentence = `waits its turn in queue ${workload.queue}; of steps that are alike Kueue tells only why the first one waits`;
  return { kind: 'unseen', reason: '', sentence };
}

/** Before the first admission Kueue 0.19 has no condition for admission checks: only their own states tell. */
function reservedPhase(workload: Workload, condition: Condition): WorkloadPhase {
  const found = phase(workload, condition, 'quota-reserved');
  if (condition.type === 'Admitted' || checksOf(workload) === '') return found;
  const unsatisfied = { type: 'Admitted', status: 'False', reason: 'UnsatisfiedChecks', message: '' } as const;
  return { ...found, sentence: sentenceOf(workload, unsatisfied) };
}

/** What a condition says, as its row has it; of an unknown reason, what the server says. */
function phase(workload: Workload, condition: Condition, otherwise: PhaseKind): WorkloadPhase {
  return {
    kind: rowOf(condition)?.phase ?? otherwise,
    reason: condition.reason,
    sentence: sentenceOf(workload, condition),
  };
}

/** Reason and words may not agree: in 0.19 all is `Pending`, and `ExceedsMaxQuota` is also said if one of many flavors is too small. */
function waitingFor(workload: Workload, condition: Condition): WorkloadPhase {
  const { verdict, text } = parseSchedulerMessage(condition.message);
  const { reason } = condition;
  const isGate = rowOf({ ...condition, type: 'QuotaReserved' })?.phase === 'gated';
  if (verdict === 'never' && !isGate) return { kind: 'never-fits', reason, sentence: `can never be admitted: ${text}` };
  if (verdict === 'later' && reason === 'ExceedsMaxQuota') {
    return { kind: 'pending', reason, sentence: `waits for quota: ${text}` };
  }
  const found = phase(workload, condition, 'pending');
  const blocked = holds(workload.conditions, 'BlockedOnPreemptionGates');
  const more = blocked && rowOf(blocked)?.sentence;
  return more === undefined ? found : { ...found, sentence: `${found.sentence}; ${more}` };
}

function admittedPhase(workload: Workload, admitted: Condition): WorkloadPhase {
  const found = phase(workload, admitted, 'admitted');
  const details = ['PodsReady', 'WaitingForReplacementPods'].flatMap((type) => {
    const condition = find(workload.conditions, type);
    const row = condition && rowOf(condition);
    return row ? [row.sentence] : [];
  });
  return { ...found, sentence: [found.sentence, ...details].join('; ') };
}

function evictedPhase(workload: Workload, evicted: Condition, waiting: WorkloadPhase | undefined): WorkloadPhase {
  const requeued = find(workload.conditions, 'Requeued');
  // Deactivated, and activated again: `Evicted` keeps the old reason until quota is reserved.
  if (evicted.reason.startsWith('Deactivated')) {
    const kind: PhaseKind = 'pending';
    if (requeued?.reason === 'Reactivated') return phase(workload, requeued, kind);
    return waiting ?? { kind, reason: evicted.reason, sentence: `waits in queue ${workload.queue}` };
  }
  const preempted = evicted.reason === 'Preempted' ? holds(workload.conditions, 'Preempted') : undefined;
  // A reason of `Preempted` that we do not know has less to say than our sentence for the eviction.
  const told = preempted && rowOf(preempted) ? preempted : evicted;
  const parts = [sentenceOf(workload, told)];
  const reserved = find(workload.conditions, 'QuotaReserved');
  // Until the scheduler has looked at it again, the message is that of the eviction.
  const again =
    waiting !== undefined && reserved?.message !== evicted.message && reserved?.reason !== 'PendingEvaluation';
  if (again) parts.push(`it ${waiting.sentence}`);
  else if (requeued && rowOf(requeued)) parts.push(sentenceOf(workload, requeued));
  return { kind: 'evicted', reason: evicted.reason, sentence: parts.join('; ') };
}

function deactivated(workload: Workload): WorkloadPhase {
  const evicted = holds(workload.conditions, 'Evicted');
  if (evicted?.reason.startsWith('Deactivated')) return phase(workload, evicted, 'deactivated');
  // Between the decision and the eviction only this has the cause.
  const target = holds(workload.conditions, 'DeactivationTarget');
  if (target) {
    const reason = `DeactivatedDueTo${target.reason}`;
    return { kind: 'deactivated', reason, sentence: sentenceOf(workload, target) };
  }
  const byHand: Condition = { type: 'Evicted', status: 'True', reason: 'Deactivated', message: '' };
  return phase(workload, byHand, 'deactivated');
}

function sentenceOf(workload: Workload, condition: Condition): string {
  const row = rowOf(condition);
  const message = parseSchedulerMessage(condition.message).text;
  if (row === undefined) {
    const what = condition.reason || `${condition.type} is ${condition.status}`;
    return message === '' ? `is ${what}` : `is ${what}: ${message}`;
  }
  const filled = row.sentence
    .replaceAll('{message}', () => message || condition.reason)
    .replaceAll('{queue}', () => workload.queue)
    .replaceAll('{clusterQueue}', () => workload.admission?.clusterQueue ?? 'of its queue')
    .replaceAll('{checks}', () => checksOf(workload) || message || 'not named')
    .replaceAll('{requeueAt}', () => requeueOf(workload));
  return filled;
}

/** The checks that are not ready, with their own words. */
function checksOf({ admissionChecks }: Workload): string {
  return admissionChecks
    .filter(({ state }) => state !== 'Ready')
    .map(({ name, state, message }) => `${name} is ${state}${message === '' ? '' : ` (${message})`}`)
    .join(', ');
}

function requeueOf({ requeue }: Workload): string {
  if (requeue === undefined) return 'soon';
  const tries = requeue.count > 0 ? `, for the ${ordinal(requeue.count)} time` : '';
  return requeue.atMs === undefined ? `soon${tries}` : `at ${new Date(requeue.atMs).toISOString()}${tries}`;
}

function ordinal(count: number): string {
  const teens = count % 100 >= 11 && count % 100 <= 13;
  const ending = teens ? 'th' : (['th', 'st', 'nd', 'rd'][count % 10] ?? 'th');
  return `${count}${ending}`;
}
