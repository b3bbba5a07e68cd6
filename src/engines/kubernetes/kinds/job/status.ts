import type { KubernetesObject } from '../../client/object.ts';
import type { WorkloadStatus } from '../kind.ts';

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

/**
 * Only `Complete` and `Failed` end a Job. `SuccessCriteriaMet` and `FailureTarget` come before them, while pods are still
 * there.
 */
export function jobStatus({ spec, status }: KubernetesObject): WorkloadStatus {
  const conditions = (status?.['conditions'] ?? []) as readonly Condition[];
  const holds = (type: string): Condition | undefined =>
    conditions.find((condition) => condition.type === type && condition.status === 'True');
  const suspended = spec?.['suspend'] === true;
  const failed = holds('Failed');
  if (failed) {
    return { suspended, end: { kind: 'failed', reason: failed.reason ?? '', message: failed.message ?? '' } };
  }
  return holds('Complete') ? { suspended, end: { kind: 'complete' } } : { suspended };
}
