import { createHash } from 'node:crypto';
import type { ServiceSpec } from '../../../../domain/service.ts';

/** The replicated job of a JobSet in which the step itself runs. */
export const applicationName = 'step';

/** With the 38 characters of a JobSet's name, and two indices of up to three digits and five random characters, no more than 63. */
const maxLength = 11;

/**
 * The replicated job of a service: its own name where that can be one. It becomes part of the names of Jobs, pods and hosts, so a
 * long one is cut, and told apart by a hash.
 */
export function memberName({ name }: Pick<ServiceSpec, 'name'>): string {
  if (name.length <= maxLength && name !== applicationName) return name;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 5);
  return `${name.slice(0, maxLength - hash.length - 1).replace(/-+$/, '')}-${hash}`;
}

/** The Job of a member: there is one of each, and replicas are pods of it. */
export function memberJobName(jobSet: string, member: string): string {
  return `${jobSet}-${member}-0`;
}

/** The host name of a replica within the namespace: JobSet's headless Service has the JobSet's own name. */
export function memberHost(jobSet: string, member: string, index: number): string {
  return `${memberJobName(jobSet, member)}-${index}.${jobSet}`;
}

/** As the Job controller makes it, with five random characters. */
export function longestPodName(jobSet: string, member: string, replicas: number): string {
  return `${memberJobName(jobSet, member)}-${replicas - 1}-xxxxx`;
}
