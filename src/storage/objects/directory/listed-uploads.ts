import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { ObjectLocation } from '../../../domain/object-location.ts';
import type { ListedUpload } from '../../../ports/object-store.ts';
import { isMissing, storageError, systemCode } from './errors.ts';
import { hiddenPrefix } from './hidden-file.ts';
import { folderOf } from './reading.ts';
import { journalOf, journalSuffix, keyIn } from './upload-journal.ts';

/** Looks in all folders that exist with this prefix, and in those above it, where a hidden file may wait for its folder. */
export async function* listUploads(prefix: ObjectLocation, signal?: AbortSignal): AsyncGenerator<ListedUpload> {
  const base = folderOf(prefix.key);
  try {
    for (let folder = base; folder !== '/'; ) {
      folder = folderOf(folder.slice(0, -1));
      for (const entry of await entriesOf(folder)) yield* uploadAt(folder + entry.name, prefix);
    }
    yield* uploadsBelow(base, prefix, signal);
  } catch (error) {
    signal?.throwIfAborted();
    throw storageError('list uploads to', prefix, error);
  }
}

async function* uploadsBelow(
  folder: string,
  prefix: ObjectLocation,
  signal: AbortSignal | undefined,
): AsyncGenerator<ListedUpload> {
  signal?.throwIfAborted();
  for (const entry of await entriesOf(folder)) {
    const inside = `${folder}${entry.name}/`;
    if (!entry.isDirectory()) yield* uploadAt(folder + entry.name, prefix);
    else if (inside.startsWith(prefix.key) || prefix.key.startsWith(inside))
      yield* uploadsBelow(inside, prefix, signal);
  }
}

/** The upload whose journal this file is, if it is one and its key begins so. */
async function* uploadAt(file: string, prefix: ObjectLocation): AsyncGenerator<ListedUpload> {
  if (!path.basename(file).startsWith(hiddenPrefix) || !file.endsWith(journalSuffix)) return;
  const hidden = file.slice(0, -journalSuffix.length);
  try {
    const [journal, { birthtimeMs }] = await Promise.all([journalOf(hidden), stat(file)]);
    const key = keyIn(journal);
    if (key === undefined || !key.startsWith(prefix.key)) return;
    yield { at: { ...prefix, key }, uploadId: hidden, initiatedMs: birthtimeMs };
  } catch (error) {
    // Completed or aborted in this moment.
    if (!isMissing(error)) throw error;
  }
}

async function entriesOf(folder: string): Promise<readonly Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    // What cannot be read has no uploads of ours.
    if (isMissing(error) || systemCode(error) === 'EACCES') return [];
    throw error;
  }
}
