import type { ManifestRef } from '../domain/manifest.ts';
import type { ObjectLocation } from '../domain/object-location.ts';
import type { StagingPlan } from '../domain/staging.ts';
import type { OpenUpload } from '../ports/object-store.ts';
import type { StagingJob } from '../ports/staging.ts';
import type { CallContext } from './agent-context.ts';
import { forEachBounded } from './for-each-bounded.ts';
import { manifestsOf, readManifest } from './manifest-object.ts';
import { keyOf } from './see-objects.ts';
import { leftBehind } from './step-paths.ts';
import { below, coveringPrefixes } from './transfer-plan.ts';

const maxListings = 16;

type EndedStep = Pick<StagingJob, 'step' | 'plan'>;

/**
 * Ends uploads to keys of these steps that no manifest in `keep` lists and no step of this process works on, and removes
 * the other manifests of these steps.
 */
export async function collectGarbage(
  context: CallContext,
  ended: readonly EndedStep[],
  keep: readonly ManifestRef[],
): Promise<{ readonly aborted: number }> {
  const { signal } = new AbortController();
  const claims = claimsOf(ended.map(({ plan }) => plan));
  const kept = new Set<string>();
  await forEachBounded(keep, 16, signal, async (ref, signal) => {
    const manifest = await readManifest(context.store(ref.at.store), ref, signal);
    for (const { uploadId } of manifest?.objects ?? []) kept.add(uploadId);
  });

  const garbage: OpenUpload[] = [];
  await forEachBounded(coveringPrefixes(claims.locations, maxListings), 8, signal, async (prefix, signal) => {
    for await (const upload of context.store(prefix.store).listUploads(prefix, signal)) {
      const inUse = kept.has(upload.uploadId) || context.liveUploads.has(upload.uploadId);
      if (!inUse && claims.has(upload.at)) garbage.push(upload);
    }
  });
  await forEachBounded(garbage, 16, signal, async (upload, signal) => {
    await context.store(upload.at.store).abortUpload(upload, signal);
  });
  await removeManifests(context, ended, keep, signal);
  if (garbage.length > 0) context.logger.info({ aborted: garbage.length }, 'uploads of killed attempts were ended');
  return { aborted: garbage.length };
}

interface Claims {
  readonly locations: readonly ObjectLocation[];
  has(at: ObjectLocation): boolean;
}

function claimsOf(plans: readonly StagingPlan[]): Claims {
  const files = new Set<string>();
  const directories = new Set<string>();
  const locations: ObjectLocation[] = [];
  for (const file of plans.flatMap(leftBehind)) {
    const isDirectory = 'kind' in file && file.kind === 'directory';
    const at = isDirectory ? below(file.at) : file.at;
    (isDirectory ? directories : files).add(keyOf(at));
    locations.push(at);
  }
  const has = (at: ObjectLocation): boolean =>
    files.has(keyOf(at)) ||
    [...at.key.matchAll(/\//g)].some(({ index }) => directories.has(keyOf({ ...at, key: at.key.slice(0, index + 1) })));
  return { locations, has };
}

/** `<step>-<attempt>.json`, and an attempt has no hyphen. */
const manifestName = /^(.+)-[^-]+\.json$/;

async function removeManifests(
  context: CallContext,
  ended: readonly EndedStep[],
  keep: readonly ManifestRef[],
  signal: AbortSignal,
): Promise<void> {
  const kept = new Set(keep.map(({ at }) => keyOf(at)));
  const steps = new Set<string>(ended.map(({ step }) => step));
  const areas = new Map(ended.map(({ plan }) => [keyOf(plan.area), plan.area]));
  for (const area of areas.values()) {
    const store = context.store(area.store);
    const folder = below(manifestsOf(area));
    const others: ObjectLocation[] = [];
    for await (const { at } of store.list(folder, { signal })) {
      const [, step] = manifestName.exec(at.key.slice(folder.key.length)) ?? [];
      if (step !== undefined && steps.has(step) && !kept.has(keyOf(at))) others.push(at);
    }
    await forEachBounded(others, 16, signal, (at, signal) => store.remove(at, signal));
  }
}
