import { mkdir, open, rename, rm, unlink } from 'node:fs/promises';
import path from 'node:path';
import type { ObjectLocation } from '../../../domain/object-location.ts';
import type { WrittenObject } from '../../../ports/object-store.ts';
import { isMissing, storageError } from './errors.ts';
import { hiddenPathFor } from './hidden-file.ts';
import { factsOf } from './reading.ts';

export async function put(at: ObjectLocation, body: Uint8Array, signal?: AbortSignal): Promise<WrittenObject> {
  signal?.throwIfAborted();
  try {
    const hidden = await hiddenPathFor(at.key);
    try {
      await using file = await open(hidden, 'wx');
      await file.writeFile(body, signal && { signal });
      await file.sync();
      return await publish(hidden, at);
    } catch (error) {
      await rm(hidden, { force: true });
      throw error;
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw storageError('write', at, error);
  }
}

/** Gives a finished file its name, in place of what had it. All or nothing: readers see the old file or the new one. */
export async function publish(hidden: string, at: ObjectLocation): Promise<WrittenObject> {
  await mkdir(path.dirname(at.key), { recursive: true });
  await using file = await open(hidden);
  await rename(hidden, at.key);
  const { sizeBytes, etag } = factsOf(await file.stat({ bigint: true }));
  return { sizeBytes, etag };
}

export async function remove(at: ObjectLocation, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  try {
    await unlink(at.key);
  } catch (error) {
    if (!isMissing(error)) throw storageError('remove', at, error);
  }
}
