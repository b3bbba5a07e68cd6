import type { ClusterClient } from '../client/cluster-client.ts';
import type { ResourceType } from '../client/object.ts';
import { kueueLabels } from './labels.ts';

/**
 * Gives what waits in a queue another WorkloadPriorityClass; Kueue takes it over into the Workload. False if the object is not
 * there. Throws `cluster-refused` if Kueue does not allow it: a class cannot be given to something that runs without one.
 */
export async function changePriority(
  client: Pick<ClusterClient, 'patch'>,
  type: ResourceType,
  name: string,
  priorityClass: string,
  signal?: AbortSignal,
): Promise<boolean> {
  const patch = { metadata: { labels: { [kueueLabels.priorityClass]: priorityClass } } };
  return (await client.patch(type, name, patch, signal === undefined ? {} : { signal })) !== undefined;
}
