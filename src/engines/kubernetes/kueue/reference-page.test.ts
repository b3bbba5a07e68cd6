import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { table, withRegions } from '../../../../tools/docs/regions.ts';
import { root, sourceFiles } from '../../../../tools/docs/source-files.ts';
import { type ConditionRow, conditionRows, keyOf, type PhaseKind, phaseKinds } from './workload-conditions.ts';

const page = path.join(root, 'docs/reference/kueue.md');

/** Which test on a real cluster shows a row. */
const shownBy: Readonly<Record<string, string>> = {
  'QuotaReserved=False Pending': 'waits for quota, and is admitted when there is room',
  'QuotaReserved=False Inadmissible': 'a LocalQueue that does not exist',
  'QuotaReserved=False AdmissionGated': 'held back by an admission gate',
  'QuotaReserved=True QuotaReserved': 'waits for quota, and is admitted when there is room',
  'Admitted=True Admitted': 'waits for quota, and is admitted when there is room',
  'Admitted=False NoReservation': 'preempted by priority, and admitted again',
  'Evicted=True Preempted': 'preempted by priority, and admitted again',
  'Preempted=True InClusterQueue': 'preempted by priority, and admitted again',
  'Requeued=True Preempted': 'preempted by priority, and admitted again',
  'Evicted=True Deactivated': 'deactivated by hand',
  'Evicted=True DeactivatedDueToMaximumExecutionTimeExceeded': 'deactivated at its maximum execution time',
  'Evicted=True LocalQueueStopped': 'a queue that is stopped and drained',
  'Requeued=True LocalQueueRestarted': 'a queue that is stopped and drained',
  'Finished=True OwnerNotFound': 'a pod that is deleted by hand, and a Job',
  'Finished=True Succeeded': 'waits for quota, and is admitted when there is room',
};

const consequence: Readonly<Record<PhaseKind, string>> = {
  unseen: '`queued`',
  pending: '`queued`',
  'never-fits': '`queued` for a minute, then `failed`, class `never-admissible`',
  inadmissible: '`queued`: whoever runs the queue has to change something',
  gated: '`queued`',
  'quota-reserved': '`queued`',
  admitted: '`admitted`, then what its pod tells',
  evicted: '`queued` again',
  deactivated: '`failed`, class `timeout` or `never-admissible`',
  finished: 'what its Job tells; if Kueue gave it up, `failed`',
};

function row(entry: ConditionRow): string[] {
  const { condition, status, reason, phase, sentence } = entry;
  return [condition, `${status}, \`${reason}\``, phase ?? 'adds to it', sentence, shownBy[keyOf(entry)] ?? ''];
}

const regions = {
  conditions: table(
    ['condition', 'status and reason', 'phase', 'what konverge says', 'on a real cluster'],
    conditionRows.map(row),
  ),
  phases: table(
    ['phase', 'state of the step'],
    phaseKinds.map((kind) => [kind, consequence[kind]]),
  ),
};

test('docs/reference/kueue.md has every condition and reason (else run vitest with -u)', async () => {
  await expect(withRegions(readFileSync(page, 'utf8'), regions)).toMatchFileSnapshot(page);
});

test('it names tests that there are, and rows that there are', () => {
  const texts = sourceFiles('test/cluster/kueue', (file) => file.endsWith('.test.ts')).map(({ text }) => text);
  const missing = Object.values(shownBy).filter((name) => !texts.some((text) => text.includes(`'${name}'`)));
  expect(missing).toEqual([]);
  const keys = new Set(conditionRows.map(keyOf));
  expect(Object.keys(shownBy).filter((key) => !keys.has(key))).toEqual([]);
});
