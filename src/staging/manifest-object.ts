import * as z from 'zod';
import type { StepId } from '../domain/brand.ts';
import { KonvergeError } from '../domain/error.ts';
import type { CommitManifest, ManifestRef } from '../domain/manifest.ts';
import { describeLocation, type ObjectLocation } from '../domain/object-location.ts';
import type { ObjectStore } from '../ports/object-store.ts';
import { areaOf } from '../ports/staging.ts';
import { readWhole } from './read-whole.ts';

const Location = z.object({ store: z.string(), bucket: z.string(), key: z.string() });
const Count = z.number().nonnegative();
const Manifest = z.object({
  version: z.literal(1),
  step: z.string().transform((id) => id as StepId),
  attempt: z.string(),
  objects: z.array(
    z.object({
      at: Location,
      uploadId: z.string(),
      sizeBytes: Count,
      parts: z
        .array(
          z.object({ number: z.int().positive(), etag: z.string(), sizeBytes: Count, crc32: z.string().optional() }),
        )
        .min(1),
      phase: z.int().positive(),
    }),
  ),
  directories: z.array(z.object({ at: Location })),
  usage: z.array(
    z.object({
      wallMs: Count,
      cpuMs: Count.optional(),
      maxRssBytes: Count.optional(),
      maxVmsBytes: Count.optional(),
      maxUssBytes: Count.optional(),
      maxPssBytes: Count.optional(),
      ioReadBytes: Count.optional(),
      ioWriteBytes: Count.optional(),
    }),
  ),
  newestInputMs: z.number().optional(),
  writtenAtMs: z.number(),
});

/** Where manifests of an area are. */
export function manifestsOf(area: ObjectLocation): ObjectLocation {
  return areaOf(area, 'manifests');
}

export function manifestAt(area: ObjectLocation, step: StepId, attempt: string): ObjectLocation {
  return areaOf(manifestsOf(area), `${step}-${attempt}.json`);
}

export async function writeManifest(
  store: ObjectStore,
  at: ObjectLocation,
  manifest: CommitManifest,
  signal: AbortSignal,
): Promise<void> {
  await store.put(at, Buffer.from(JSON.stringify(manifest)), signal);
}

/** Undefined if it is not there. */
export async function readManifest(
  store: ObjectStore,
  { at }: ManifestRef,
  signal: AbortSignal,
): Promise<CommitManifest | undefined> {
  const bytes = await readWhole(store, at, signal);
  if (bytes === undefined) return undefined;
  try {
    return Manifest.parse(JSON.parse(bytes.toString())) as CommitManifest;
  } catch (cause) {
    throw new KonvergeError('storage-failed', `${describeLocation(at)} is not a manifest of this version`, {
      cause,
      hint: 'Somebody else has written to this object. Run again: the step is then made anew.',
    });
  }
}
