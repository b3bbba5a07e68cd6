import { describe, expect, test } from 'vitest';
import type { Condition } from './condition.ts';
import type { Workload } from './workload.ts';
import { type ConditionRow, conditionRows, keyOf } from './workload-conditions.ts';
import { phaseOf } from './workload-phase.ts';

function condition(type: string, status: 'True' | 'False', reason: string, message = `about ${reason}`): Condition {
  return { type, status, reason, message };
}

function workload(conditions: readonly Condition[], more: Partial<Workload> = {}): Workload {
  return {
    name: 'job-a-12345',
    queue: 'user-queue',
    active: true,
    conditions,
    evictions: [],
    requests: [],
    admissionChecks: [{ name: 'budget', state: 'Pending', message: 'asks the bank' }],
    admission: { clusterQueue: 'cq', flavors: ['real'] },
    requeue: { count: 2, atMs: Date.UTC(2026, 10, 24, 2, 0, 0) },
    ...more,
  };
}

/** What else a Workload has when it has this condition, as Kueue sets them together. */
function scene({ condition: type, status, reason }: ConditionRow): Workload {
  const own = condition(type, status, reason);
  const pending = condition('QuotaReserved', 'False', 'PendingEvaluation');
  switch (type) {
    case 'PodsReady':
    case 'WaitingForReplacementPods':
      return workload([own, condition('Admitted', 'True', 'Admitted')]);
    case 'Evicted':
      return workload([own, pending], { active: !reason.startsWith('Deactivated') });
    case 'Preempted':
      return workload([own, condition('Evicted', 'True', 'Preempted'), pending]);
    case 'Requeued':
      return workload([own, condition('Evicted', 'True', reason === 'Reactivated' ? 'Deactivated' : 'X'), pending]);
    case 'DeactivationTarget':
      return workload([own, pending], { active: false });
    case 'BlockedOnPreemptionGates':
      return workload([own, pending]);
    case 'QuotaReserved':
      return workload([own], { active: reason !== 'Deactivated', admissionChecks: [] });
    default:
      return workload([own]);
  }
}

function filled({ reason, sentence }: ConditionRow): string {
  return sentence
    .replace('{message}', `about ${reason}`)
    .replace('{queue}', 'user-queue')
    .replace('{clusterQueue}', 'cq')
    .replace('{checks}', 'budget is Pending (asks the bank)')
    .replace('{requeueAt}', 'at 2026-11-24T02:00:00.000Z, for the 2nd time');
}

describe('every condition and reason', () => {
  test.each(conditionRows.map((row) => [keyOf(row), row] as const))('%s', (_name, row) => {
    const { kind, sentence } = phaseOf(scene(row));
    expect(sentence).toContain(filled(row));
    if (row.phase) expect(kind).toBe(row.phase);
  });

  test('no reason is in the table twice', () => {
    const keys = conditionRows.map(keyOf);
    expect(new Set(keys).size).toBe(keys.length);
  });

  test('no brace is left in any sentence', () => {
    for (const row of conditionRows) expect(phaseOf(scene(row)).sentence).not.toMatch(/[{}]/);
  });
});

describe('what is there already counts', () => {
  test('nothing yet', () => {
    expect(phaseOf(undefined).kind).toBe('unseen');
    expect(phaseOf(workload([]))).toMatchObject({ kind: 'unseen', sentence: expect.stringContaining('user-queue') });
  });

  test('quota without a word of admission: the states of its checks tell what it waits for', () => {
    const reserved = (state: string) =>
      phaseOf(
        workload([condition('QuotaReserved', 'True', 'QuotaReserved')], {
          admissionChecks: [
            { name: 'budget', state, message: '' },
            { name: 'data', state: 'Ready', message: '' },
          ],
        }),
      );
    expect(reserved('Pending')).toEqual({
      kind: 'quota-reserved',
      reason: 'QuotaReserved',
      sentence: 'has its quota and waits for admission checks: budget is Pending',
    });
    expect(reserved('Ready').sentence).toMatch(/is about to be admitted$/);
  });

  test('an unknown reason gives the words of the server', () => {
    const unknown = workload([condition('QuotaReserved', 'False', 'WaitingForGodot', 'he does not come')]);
    expect(phaseOf(unknown)).toEqual({
      kind: 'pending',
      reason: 'WaitingForGodot',
      sentence: 'is WaitingForGodot: he does not come',
    });
    const evicted = workload([condition('Evicted', 'True', 'Bored', 'with it')]);
    expect(phaseOf(evicted)).toMatchObject({ kind: 'evicted', sentence: 'is Bored: with it' });
  });

  test('never is told from later by the words, for the reason is the same', () => {
    const says = (reason: string, message: string) =>
      phaseOf(workload([condition('QuotaReserved', 'False', reason, message)]));
    const never =
      "couldn't assign flavors to pod set main: insufficient quota for cpu in flavor real, previously considered podsets requests (0) + current podset request (2) > maximum capacity (1)";
    const later =
      "couldn't assign flavors to pod set main: insufficient unused quota for cpu in flavor real, 600m more needed";
    const uncovered = "couldn't assign flavors to pod set main: resource example.com/gpu unavailable in ClusterQueue";
    expect(says('Pending', never)).toMatchObject({
      kind: 'never-fits',
      sentence: 'can never be admitted: asks for 2 cpu, and flavor real has 1 at most',
    });
    expect(says('ExceedsMaxQuota', never).kind).toBe('never-fits');
    expect(says('Pending', later)).toMatchObject({
      kind: 'pending',
      sentence: 'waits for quota: 600m more cpu needed in flavor real',
    });
    expect(says('WaitingForQuota', later).kind).toBe('pending');
    expect(says('Pending', uncovered)).toMatchObject({
      kind: 'never-fits',
      sentence: 'can never be admitted: its ClusterQueue has no quota for example.com/gpu',
    });
  });

  test('a flavor that is too small beside one that is full only has to be waited for, whatever the reason', () => {
    const message =
      "couldn't assign flavors to pod set main: insufficient quota for cpu in flavor small, previously considered podsets requests (0) + current podset request (2) > maximum capacity (1), insufficient unused quota for cpu in flavor large, 1 more needed";
    const found = phaseOf(workload([condition('QuotaReserved', 'False', 'ExceedsMaxQuota', message)]));
    expect(found).toMatchObject({
      kind: 'pending',
      sentence: expect.stringContaining('1 more cpu needed in flavor large'),
    });
  });

  test('preempted, and why it waits now', () => {
    const evicted = condition('Evicted', 'True', 'Preempted', 'Preempted to accommodate a workload (UID: 1)');
    const preempted = condition('Preempted', 'True', 'InClusterQueue', evicted.message);
    const requeued = condition('Requeued', 'True', 'Preempted', evicted.message);
    const noRoom =
      "couldn't assign flavors to pod set main: insufficient unused quota for cpu in flavor real, 1 more needed";
    const first = workload([
      evicted,
      preempted,
      requeued,
      condition('QuotaReserved', 'False', 'Pending', evicted.message),
    ]);
    expect(phaseOf(first)).toEqual({
      kind: 'evicted',
      reason: 'Preempted',
      sentence:
        'was preempted by one of higher priority in its ClusterQueue, and starts anew when there is room; it waits in queue user-queue again',
    });
    const then = workload([evicted, preempted, requeued, condition('QuotaReserved', 'False', 'Pending', noRoom)]);
    expect(phaseOf(then).sentence).toMatch(/; it waits for quota: 1 more cpu needed in flavor real$/);
  });

  test('admitted again: the eviction is past', () => {
    const past = workload([
      condition('Evicted', 'False', 'QuotaReserved', 'Previously: Preempted to accommodate a workload'),
      condition('Preempted', 'False', 'QuotaReserved', 'Previously: Preempted'),
      condition('QuotaReserved', 'True', 'QuotaReserved'),
      condition('Admitted', 'True', 'Admitted'),
    ]);
    expect(phaseOf(past).kind).toBe('admitted');
  });

  test('deactivated while it still runs, and by nobody known', () => {
    const running = [condition('QuotaReserved', 'True', 'QuotaReserved'), condition('Admitted', 'True', 'Admitted')];
    expect(phaseOf(workload(running, { active: false }))).toMatchObject({ kind: 'deactivated', reason: 'Deactivated' });
  });

  test('the requeue count is said as people do', () => {
    const words = (count: number) =>
      phaseOf(
        workload(
          [condition('Evicted', 'True', 'PodsReadyTimeout'), condition('Requeued', 'False', 'PodsReadyTimeout')],
          {
            requeue: { count },
          },
        ),
      ).sentence;
    expect(words(1)).toMatch(/soon, for the 1st time$/);
    expect(words(11)).toMatch(/11th time$/);
    expect(words(22)).toMatch(/22nd time$/);
    expect(words(0)).toMatch(/queued again soon$/);
  });
});
