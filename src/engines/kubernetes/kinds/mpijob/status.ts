import type { KubernetesObject } from '../../client/object.ts';
import { conditionsOf, holds, isRecord } from '../../kueue/condition.ts';
import type { WorkloadStatus } from '../kind.ts';

/** `Succeeded` and `Failed` end it. Its reason may have that of the launcher's pod behind a slash: `BackoffLimitExceeded/`. */
export function mpiJobStatus({ spec, status }: KubernetesObject): WorkloadStatus {
  const conditions = conditionsOf(status);
  const policy = spec?.['runPolicy'];
  const suspended = isRecord(policy) && policy['suspend'] === true;
  const failed = holds(conditions, 'Failed');
  if (failed) {
    const [reason = ''] = failed.reason.split('/');
    return { suspended, end: { kind: 'failed', reason, message: failed.message.replace(/[:\s]+$/, '') } };
  }
  return holds(conditions, 'Succeeded') ? { suspended, end: { kind: 'complete' } } : { suspended };
}
