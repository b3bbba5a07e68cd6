import { describeLocation, type ObjectLocation } from '../domain/object-location.ts';
import type { ListedObject, ObjectFacts } from '../ports/object-store.ts';
import type { CallContext } from './agent-context.ts';
import { forEachBounded } from './for-each-bounded.ts';
import { groupByParent, type LocationGroup } from './transfer-plan.ts';

/** From so many keys below one prefix on, one listing is cheaper than a request for each. */
const listFrom = 8;
/** A listing that finds so many times more than was wanted is given up. */
const maxWaste = 4;

const requestsAtOnce = 32;

export function keyOf({ store, bucket, key }: ObjectLocation): string {
  return JSON.stringify([store, bucket, key]);
}

/** What storage says of these objects now, by `keyOf`; those that are not there are not in the answer. */
export async function seeObjects(
  context: CallContext,
  wanted: readonly ObjectLocation[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, ObjectFacts>> {
  const seen = new Map<string, ObjectFacts>();
  const groups = groupByParent(wanted, (at) => at);
  await forEachBounded(groups, requestsAtOnce, signal, async (group, signal) => {
    for (const found of (await listGroup(context, group, signal)) ?? []) seen.set(keyOf(found.at), found);
  });
  // Also what a listing did not show: some servers list late.
  const rest = wanted.filter((at) => !seen.has(keyOf(at)));
  await forEachBounded(rest, requestsAtOnce, signal, async (at, signal) => {
    const facts = await context.requests.run(signal, () => context.store(at.store).head(at, signal));
    if (facts) seen.set(keyOf(at), facts);
  });
  return seen;
}

/**
 * The first of these objects that is also the prefix of others, so that nobody could tell a file from a directory. In a
 * directory store that cannot be.
 */
export async function findAmbiguous(
  context: CallContext,
  files: readonly ObjectLocation[],
  signal: AbortSignal,
): Promise<string | undefined> {
  const inBuckets = files.filter((at) => context.store(at.store).kind === 's3');
  let ambiguous: string | undefined;
  const single: ObjectLocation[] = [];
  await forEachBounded(
    groupByParent(inBuckets, (at) => at),
    requestsAtOnce,
    signal,
    async (group, signal) => {
      const listed = await listGroup(context, group, signal);
      if (listed === undefined) {
        single.push(...group.members);
        return;
      }
      const keys = new Set(group.members.map(({ key }) => key));
      const below = listed.find(({ at }) => ancestors(at.key).some((key) => keys.has(key)));
      if (below) ambiguous ??= describeLocation(below.at);
    },
  );
  await forEachBounded(single, requestsAtOnce, signal, async (at, signal) => {
    const prefix = { ...at, key: `${at.key}/` };
    await context.requests.run(signal, async () => {
      for await (const below of context.store(at.store).list(prefix, { limit: 1, signal })) {
        ambiguous ??= describeLocation(below.at);
      }
    });
  });
  return ambiguous;
}

/** Undefined if a listing does not pay. */
async function listGroup(
  context: CallContext,
  { prefix, members }: LocationGroup<ObjectLocation>,
  signal: AbortSignal,
): Promise<readonly ListedObject[] | undefined> {
  if (members.length < listFrom) return undefined;
  const limit = members.length * maxWaste + 1;
  const listed: ListedObject[] = [];
  return await context.requests.run(signal, async () => {
    for await (const object of context.store(prefix.store).list(prefix, { limit, signal })) listed.push(object);
    return listed.length < limit ? listed : undefined;
  });
}

function ancestors(key: string): readonly string[] {
  return [...key.matchAll(/\//g)].map(({ index }) => key.slice(0, index));
}
