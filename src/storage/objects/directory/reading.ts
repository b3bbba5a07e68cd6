import type { BigIntStats, Dirent } from 'node:fs';
import { type FileHandle, open, readdir, stat } from 'node:fs/promises';
import { KonvergeError } from '../../../domain/error.ts';
import { describeLocation, type ObjectLocation } from '../../../domain/object-location.ts';
import type { ListedObject, ObjectFacts, ObjectStore } from '../../../ports/object-store.ts';
import { isMissing, storageError } from './errors.ts';
import { hiddenPrefix } from './hidden-file.ts';

type ReadOptions = NonNullable<Parameters<ObjectStore['read']>[1]>;
type ListOptions = NonNullable<Parameters<ObjectStore['list']>[1]>;
type Reading = Awaited<ReturnType<ObjectStore['read']>>;

const chunkBytes = 2 ** 20;

/** Symbolic links are followed; a folder is no object. */
export async function head(at: ObjectLocation, signal?: AbortSignal): Promise<ObjectFacts | undefined> {
  signal?.throwIfAborted();
  try {
    const found = await stat(at.key, { bigint: true });
    return found.isFile() ? factsOf(found) : undefined;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw storageError('look at', at, error);
  }
}

/** Changes with the content: a file that was replaced has another inode, one that was written to another time or size. */
export function factsOf({ size, mtimeNs, ino }: BigIntStats): ObjectFacts {
  return { sizeBytes: Number(size), etag: `"${size}-${mtimeNs}-${ino}"`, modifiedMs: Number(mtimeNs / 1_000_000n) };
}

export async function* list(
  prefix: ObjectLocation,
  { limit = Number.POSITIVE_INFINITY, signal }: ListOptions = {},
): AsyncGenerator<ListedObject> {
  let left = limit;
  if (left <= 0) return;
  try {
    for await (const key of filesBelow(folderOf(prefix.key), prefix.key, [], signal)) {
      const at = { ...prefix, key };
      const facts = await head(at, signal);
      // Gone since, or a link to a folder that leads back up.
      if (facts === undefined) continue;
      yield { at, ...facts };
      left -= 1;
      if (left <= 0) return;
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw storageError('list', prefix, error);
  }
}

/** The folder that holds everything with this prefix: `/a/b/` for `/a/b/` and for `/a/b/c`. */
export function folderOf(prefix: string): string {
  return prefix.slice(0, prefix.lastIndexOf('/') + 1) || '/';
}

/**
 * In the order of keys, byte by byte, as S3 lists: `a-b` is before `a/b`, so a folder is sorted with its slash.
 * `above`: device and inode of the folders that led here, since links may lead in a circle.
 */
async function* filesBelow(
  folder: string,
  prefix: string,
  above: readonly string[],
  signal: AbortSignal | undefined,
): AsyncGenerator<string> {
  signal?.throwIfAborted();
  const { dev, ino } = await stat(folder, { bigint: true }).catch(unlessMissing({ dev: 0n, ino: 0n }));
  const identity = `${dev}:${ino}`;
  if (above.includes(identity)) return;
  const entries = await readdir(folder, { withFileTypes: true }).catch(unlessMissing<Dirent[]>([]));
  const named = await Promise.all(entries.map((entry) => nameOf(folder, entry)));
  const keys = named
    .filter((name) => !name.startsWith(hiddenPrefix))
    .map((name) => folder + name)
    .filter((key) => key.startsWith(prefix) || prefix.startsWith(key))
    .toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  for (const key of keys) {
    if (key.endsWith('/')) yield* filesBelow(key, prefix, [...above, identity], signal);
    else if (key.startsWith(prefix)) yield key;
  }
}

/** With a slash if it is a folder, or a link to one. */
async function nameOf(folder: string, entry: Dirent): Promise<string> {
  if (entry.isDirectory()) return `${entry.name}/`;
  if (!entry.isSymbolicLink()) return entry.name;
  const target = await stat(folder + entry.name).catch(() => undefined);
  return target?.isDirectory() === true ? `${entry.name}/` : entry.name;
}

function unlessMissing<Value>(value: Value): (error: unknown) => Value {
  return (error) => {
    if (isMissing(error)) return value;
    throw error;
  };
}

/**
 * The file is opened at once, and stays that one even if another takes its name while it is read. It is closed when the body
 * has been read or left.
 */
export async function read(at: ObjectLocation, { offset = 0, ifMatch, signal }: ReadOptions = {}): Promise<Reading> {
  signal?.throwIfAborted();
  let file: FileHandle;
  try {
    file = await open(at.key);
  } catch (error) {
    if (!isMissing(error)) throw storageError('read', at, error);
    throw new KonvergeError('object-missing', `there is no ${describeLocation(at)}`, { cause: error });
  }
  try {
    const found = await file.stat({ bigint: true });
    if (!found.isFile()) throw new KonvergeError('object-missing', `${describeLocation(at)} is a folder`);
    const facts = factsOf(found);
    if (ifMatch !== undefined && facts.etag !== ifMatch) throw changed(at);
    return { facts, body: bytesOf(file, at, facts, offset, signal) };
  } catch (error) {
    await file.close();
    throw storageError('read', at, error);
  }
}

async function* bytesOf(
  file: FileHandle,
  at: ObjectLocation,
  facts: ObjectFacts,
  offset: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  try {
    for (let position = offset; position < facts.sizeBytes; ) {
      signal?.throwIfAborted();
      const buffer = Buffer.allocUnsafe(Math.min(chunkBytes, facts.sizeBytes - position));
      const { bytesRead } = await file.read(buffer, 0, buffer.length, position);
      if (bytesRead === 0) throw changed(at);
      position += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
    // Somebody who writes into the file in place changes its time.
    if (factsOf(await file.stat({ bigint: true })).etag !== facts.etag) throw changed(at);
  } catch (error) {
    signal?.throwIfAborted();
    throw storageError('read', at, error);
  } finally {
    await file.close();
  }
}

function changed(at: ObjectLocation): KonvergeError {
  return new KonvergeError('object-changed', `${describeLocation(at)} is not the file any more that was to be read`);
}
