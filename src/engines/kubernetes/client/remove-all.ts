import type { Api } from './api.ts';
import type { ListOptions } from './cluster-client.ts';
import { listBare } from './list.ts';
import type { ResourceType } from './object.ts';
import { removeObject } from './objects.ts';

/** So many at once. */
const portion = 16;

/**
 * One by one: a single DELETECOLLECTION of a thousand Jobs takes longer than the server lets a request take, and would need a
 * right of its own. How many were removed; what is on its way out already does not count.
 */
export async function removeMatching(api: Api, type: ResourceType, options: ListOptions): Promise<number> {
  const { items } = await listBare(api, type, options);
  const left = items.filter(({ metadata }) => metadata.deletionTimestamp === undefined).values();
  let removed = 0;
  const work = async () => {
    for (const { metadata } of left) {
      const { name, uid, namespace } = metadata;
      const gone = await removeObject(api, type, name, {
        ...options,
        ...(namespace !== undefined && { namespace }),
        ...(uid !== undefined && { uid }),
      });
      if (gone) removed += 1;
    }
  };
  await Promise.all(Array.from({ length: portion }, work));
  return removed;
}
