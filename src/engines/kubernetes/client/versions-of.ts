import { asRecord } from './call-failure.ts';
import type { CallOptions, ClusterClient } from './cluster-client.ts';
import type { ResourceType } from './object.ts';

/** In which versions a kind of object is served; undefined if there is nothing of its group. */
export async function versionsOf(
  client: Pick<ClusterClient, 'read'>,
  { group, plural }: Pick<ResourceType, 'group' | 'plural'>,
  options: CallOptions,
): Promise<readonly string[] | undefined> {
  const { versions } = asRecord(await client.read(`/apis/${group}`, options));
  if (!Array.isArray(versions)) return undefined;
  const names = versions.map((entry) => String(asRecord(entry)['version']));
  // A group may have versions without this kind: kubeflow.org/v1 is of another operator.
  const lists = await Promise.all(names.map((name) => client.read(`/apis/${group}/${name}`, options)));
  return names.filter((_name, index) => {
    const { resources } = asRecord(lists[index]);
    return Array.isArray(resources) && resources.some((entry) => asRecord(entry)['name'] === plural);
  });
}
