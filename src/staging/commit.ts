import { KonvergeError } from '../domain/error.ts';
import type { CommitManifest, ManifestRef, PendingObject } from '../domain/manifest.ts';
import { describeLocation, type ObjectLocation } from '../domain/object-location.ts';
import type { WrittenObject } from '../ports/object-store.ts';
import type { CommitSummary } from '../ports/staging.ts';
import type { CallContext } from './agent-context.ts';
import { forEachBounded } from './for-each-bounded.ts';
import { readManifest } from './manifest-object.ts';
import { findAmbiguous, keyOf, seeObjects } from './see-objects.ts';
import { below } from './transfer-plan.ts';

const requestsAtOnce = 32;

/**
 * Makes visible what a manifest lists. Each step of it may be done again, so a commit that was killed anywhere is finished by
 * the next one: completing what is complete answers the same. The manifest stays until the core releases it.
 */
export async function commit(context: CallContext, ref: ManifestRef, signal: AbortSignal): Promise<CommitSummary> {
  const manifest = await readManifest(context.store(ref.at.store), ref, signal);
  if (manifest === undefined) {
    throw new KonvergeError('upload-missing', `there is no manifest ${describeLocation(ref.at)}`);
  }
  const completed = new Map<PendingObject, WrittenObject>();
  try {
    await refuseAmbiguous(context, manifest, signal);
    const phases = Map.groupBy(manifest.objects, ({ phase }) => phase);
    for (const phase of [...phases.keys()].sort((a, b) => a - b)) {
      // Before a timestamp says that a directory is whole, nothing of an earlier attempt may be in it.
      if (phase % 2 === 0) await removeStale(context, manifest, signal);
      await complete(context, phases.get(phase) ?? [], completed, signal);
    }
    await seeAll(context, manifest, completed, signal);
  } catch (error) {
    // All or none: what cannot be finished is taken back. What may pass is left to the next call.
    if (isFinal(error)) await takeBack(context, ref, manifest, completed, signal);
    throw error;
  }
  const summary = {
    objects: manifest.objects.length,
    bytes: manifest.objects.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
  };
  context.logger.info({ step: manifest.step, ...summary }, 'outputs were committed');
  return summary;
}

/** The commit has been written down. */
export async function release(context: CallContext, { at }: ManifestRef): Promise<void> {
  await context.store(at.store).remove(at);
}

/** Ends the uploads of a manifest and removes it. */
export async function discard(context: CallContext, ref: ManifestRef): Promise<void> {
  const { signal } = new AbortController();
  const manifest = await readManifest(context.store(ref.at.store), ref, signal);
  if (manifest === undefined) return;
  await abortAll(context, manifest.objects, signal);
  await context.store(ref.at.store).remove(ref.at, signal);
}

async function refuseAmbiguous(context: CallContext, manifest: CommitManifest, signal: AbortSignal): Promise<void> {
  const directories = manifest.directories.map(({ at }) => below(at));
  const files = manifest.objects
    .map(({ at }) => at)
    .filter((at) => !directories.some((directory) => isBelow(at, directory)));
  const found = await findAmbiguous(context, files, signal);
  if (found !== undefined) throw ambiguous(found, 'it is below a file that the step makes');
  await forEachBounded(manifest.directories, requestsAtOnce, signal, async ({ at }, signal) => {
    const key = at.key.replace(/\/+$/, '');
    const facts = await context.requests.run(signal, () => context.store(at.store).head({ ...at, key }, signal));
    if (facts) throw ambiguous(describeLocation({ ...at, key }), 'the step makes a directory of that name');
  });
}

function ambiguous(object: string, why: string): KonvergeError {
  return new KonvergeError('object-ambiguous', `${object} is in the way: ${why}`);
}

/** Whether the same call could not succeed later. */
function isFinal(error: unknown): error is KonvergeError {
  return error instanceof KonvergeError && error.code !== 'storage-unavailable' && error.code !== 'disk-full';
}

async function complete(
  context: CallContext,
  objects: readonly PendingObject[],
  completed: Map<PendingObject, WrittenObject>,
  signal: AbortSignal,
): Promise<void> {
  const failures: KonvergeError[] = [];
  await forEachBounded(objects, requestsAtOnce, signal, async (object, signal) => {
    try {
      const store = context.store(object.at.store);
      const facts = await context.requests.run(signal, () => store.completeUpload(object, object.parts, signal));
      completed.set(object, facts);
    } catch (error) {
      if (!isFinal(error)) throw error;
      // The others are not aborted for it: one that takes effect without our hearing of it could not be taken back.
      failures.push(
        error.code === 'upload-missing'
          ? new KonvergeError(error.code, `the upload of ${describeLocation(object.at)} is gone`, { cause: error })
          : error,
      );
    }
  });
  // What is gone for good runs again, whatever else is wrong.
  const worst = failures.find(({ code }) => code === 'upload-missing') ?? failures[0];
  if (worst) throw worst;
}

/** Nothing of the attempt may stay: of what was completed, that which is still ours is removed, and the rest is aborted. */
async function takeBack(
  context: CallContext,
  ref: ManifestRef,
  manifest: CommitManifest,
  completed: ReadonlyMap<PendingObject, WrittenObject>,
  signal: AbortSignal,
): Promise<void> {
  await forEachBounded(completed, requestsAtOnce, signal, async ([{ at, sizeBytes }, { etag }], signal) => {
    const store = context.store(at.store);
    const facts = await store.head(at, signal);
    if (facts?.etag === etag && facts.sizeBytes === sizeBytes) await store.remove(at, signal);
  });
  await abortAll(
    context,
    manifest.objects.filter((object) => !completed.has(object)),
    signal,
  );
  await context.store(ref.at.store).remove(ref.at, signal);
}

async function abortAll(context: CallContext, objects: readonly PendingObject[], signal: AbortSignal): Promise<void> {
  await forEachBounded(objects, requestsAtOnce, signal, async (object, signal) => {
    await context.requests.run(signal, () => context.store(object.at.store).abortUpload(object, signal));
  });
}

/** A directory output holds what this attempt made, and nothing of an earlier one. */
async function removeStale(context: CallContext, manifest: CommitManifest, signal: AbortSignal): Promise<void> {
  const made = new Set(manifest.objects.map(({ at }) => keyOf(at)));
  for (const { at } of manifest.directories) {
    const store = context.store(at.store);
    const stale: ObjectLocation[] = [];
    for await (const object of store.list(below(at), { signal }))
      if (!made.has(keyOf(object.at))) stale.push(object.at);
    await forEachBounded(stale, requestsAtOnce, signal, async (old, signal) => {
      await context.requests.run(signal, () => store.remove(old, signal));
    });
  }
}

async function seeAll(
  context: CallContext,
  manifest: CommitManifest,
  completed: ReadonlyMap<PendingObject, WrittenObject>,
  signal: AbortSignal,
): Promise<void> {
  const seen = await seeObjects(
    context,
    manifest.objects.map(({ at }) => at),
    signal,
  );
  // By the ETag too: a store may answer a repeated completion as before, though somebody has replaced the object since.
  const missing = manifest.objects.filter((object) => {
    const facts = seen.get(keyOf(object.at));
    return facts?.sizeBytes !== object.sizeBytes || facts.etag !== completed.get(object)?.etag;
  });
  if (missing.length > 0) {
    const names = missing.map(({ at }) => describeLocation(at)).join(', ');
    throw new KonvergeError('output-missing', `not in storage after the commit, or replaced by somebody: ${names}`);
  }
  // A HEAD tells whole seconds, so that is what can be compared.
  const newest = seconds(manifest.newestInputMs ?? 0);
  const stale = manifest.objects.find(({ at }) => seconds(seen.get(keyOf(at))?.modifiedMs ?? 0) < newest);
  if (stale) {
    const { modifiedMs = 0 } = seen.get(keyOf(stale.at)) ?? {};
    const times = `${new Date(modifiedMs).toISOString()}, an input of ${new Date(newest * 1000).toISOString()}`;
    throw new KonvergeError('output-stale', `storage says that ${describeLocation(stale.at)} is of ${times}`);
  }
}

function isBelow(at: ObjectLocation, directory: ObjectLocation): boolean {
  return at.store === directory.store && at.bucket === directory.bucket && at.key.startsWith(directory.key);
}

function seconds(ms: number): number {
  return Math.floor(ms / 1000);
}
