import type { KubernetesObject } from '../../client/object.ts';
import { conditionsOf, holds } from '../../kueue/condition.ts';
import { labelKeys } from '../../labels.ts';
import type { WorkloadStatus } from '../kind.ts';
import { membersOf } from './manifest.ts';
import { memberJobName } from './members.ts';

/** JobSet writes conditions as Kueue does; `Completed` and `Failed` end it. */
export function jobSetStatus(jobSet: KubernetesObject): WorkloadStatus {
  const conditions = conditionsOf(jobSet.status);
  const suspended = jobSet.spec?.['suspend'] === true;
  const failed = holds(conditions, 'Failed');
  if (failed) {
    const service = failedService(jobSet, failed.message);
    const { reason, message } = failed;
    return { suspended, end: { kind: 'failed', reason, message, ...(service !== undefined && { service }) } };
  }
  return holds(conditions, 'Completed') ? { suspended, end: { kind: 'complete' } } : { suspended };
}

/** Its message names a Job: `jobset failed due to one or more job failures (first failed job: NAME)`. */
function failedService(jobSet: KubernetesObject, message: string): string | undefined {
  const [, job] = /\(first failed job: ([^)]+)\)/.exec(message) ?? [];
  const member = membersOf(jobSet).find(({ name }) => memberJobName(jobSet.metadata.name, name) === job);
  return member?.template.metadata.labels[labelKeys.service];
}
