import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { table, withRegions } from '../../../../tools/docs/regions.ts';
import { root, sourceFiles } from '../../../../tools/docs/source-files.ts';
import { type ConditionRow, conditionRows, keyOf, type PhaseKind, phaseKinds } from './workload-conditions.ts';

const page = path.join(root, 'docs/reference/kueue.md');

/** Which test on a real cluster shows a row: its file in test/cluster, and its name. */
const shownBy: Readonly<Record<string, readonly [file: string, name: string]>> = {
  'QuotaReserved=False Pending': ['kueue/waiting', 'waits for quota, and is admitted when there is room'],
  'QuotaReserved=False Inadmissible': ['kueue/waiting', 'a LocalQueue that does not exist'],
  'QuotaReserved=False AdmissionGated': ['kueue/waiting', 'held back by an admission gate'],
  'QuotaReserved=True QuotaReserved': ['kueue/waiting', 'waits for quota, and is admitted when there is room'],
  'Admitted=True Admitted': ['kueue/waiting', 'waits for quota, and is admitted when there is room'],
  'Admitted=False NoReservation': ['kueue/eviction', 'preempted by priority, and admitted again'],
  'Evicted=True Preempted': ['kueue/eviction', 'preempted by priority, and admitted again'],
  'Evicted=True AdmissionCheck': ['kueue/admission-check', 'an admission check that wants it to be tried again'],
  'Evicted=True DeactivatedDueToAdmissionCheck': ['kueue/admission-check', 'an admission check that refuses it'],
  'Evicted=True ClusterQueueStopped': [
    'engine/quota',
    'evicted by a ClusterQueue that is emptied, it goes on when that does',
  ],
  'Preempted=True InClusterQueue': ['kueue/eviction', 'preempted by priority, and admitted again'],
  'Preempted=True InCohortReclamation': [
    'kueue/cohort',
    'what was borrowed from a cohort is taken back, and it is admitted again when there is room',
  ],
  'Requeued=True Preempted': ['kueue/eviction', 'preempted by priority, and admitted again'],
  'Requeued=True ClusterQueueRestarted': [
    'engine/quota',
    'evicted by a ClusterQueue that is emptied, it goes on when that does',
  ],
  'Evicted=True Deactivated': ['kueue/eviction', 'deactivated by hand'],
  'Evicted=True DeactivatedDueToMaximumExecutionTimeExceeded': [
    'kueue/eviction',
    'deactivated at its maximum execution time',
  ],
  'Evicted=True LocalQueueStopped': ['kueue/preflight', 'a queue that is stopped and drained'],
  'Requeued=True LocalQueueRestarted': ['kueue/preflight', 'a queue that is stopped and drained'],
  'Finished=True OwnerNotFound': ['kueue/eviction', 'a pod that is deleted by hand, and a Job'],
  'Finished=True Succeeded': ['kueue/waiting', 'waits for quota, and is admitted when there is room'],
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
  const [file, name] = shownBy[keyOf(entry)] ?? [];
  const shown = file === undefined ? '' : `\`${file}\`: ${name}`;
  return [condition, `${status}, \`${reason}\``, phase ?? 'adds to it', sentence, shown];
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
  const tests = sourceFiles('test/cluster', (file) => file.endsWith('.test.ts'));
  const missing = Object.values(shownBy).filter(
    ([file, name]) =>
      !tests.some(({ path: at, text }) => at === `test/cluster/${file}.test.ts` && text.includes(`'${name}'`)),
  );
  expect(missing).toEqual([]);
  const keys = new Set(conditionRows.map(keyOf));
  expect(Object.keys(shownBy).filter((key) => !keys.has(key))).toEqual([]);
});
