import type { Condition, MiniClusterStatus } from './minicluster.ts';
import type { SettledCluster } from './settle.ts';

const ready = 'JobMiniClusterReady';
const types = ['JobRequested', 'JobWaitingForResources', 'JobRunning', ready, 'JobFinished'] as const;

export type FullStatus = MiniClusterStatus & { readonly conditions: readonly Condition[] };

/** What it begins with. Its `size` stays 0 unless the size is changed later. */
export function firstStatus({ metadata, maximumSize, status }: SettledCluster, now: string): FullStatus {
  const conditions = status?.conditions ?? conditionsWith('JobRequested', now);
  return { size: 0, jobid: '', ...status, maximumSize, selector: `hpa-selector=${metadata.name}`, conditions };
}

export function isReady({ conditions = [] }: Pick<MiniClusterStatus, 'conditions'>): boolean {
  return conditions.some(({ type, status }) => type === ready && status === 'True');
}

/** The last one that it ever has: that the Job runs, ends or fails is not told. */
export function readyStatus(status: FullStatus): FullStatus {
  const conditions = status.conditions.map(
    (condition): Condition => ({ ...condition, status: condition.type === ready ? 'True' : 'False' }),
  );
  return { ...status, conditions };
}

function conditionsWith(on: string, now: string): Condition[] {
  return types.map((type) => ({
    type,
    reason: type,
    message: type,
    status: type === on ? 'True' : 'False',
    lastTransitionTime: now,
  }));
}
