import type { Dirent } from 'node:fs';
import { appendFile, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { KonvergeError } from '../../../domain/error.ts';
import type { UploadedPart } from '../../../domain/manifest.ts';
import { describeLocation, type ObjectLocation } from '../../../domain/object-location.ts';
import type { ListedUpload, ObjectStore, OpenUpload, WrittenObject } from '../../../ports/object-store.ts';
import { isMissing, storageError, systemCode } from './errors.ts';
import { hiddenPathFor, hiddenPrefix } from './hidden-file.ts';
import { factsOf, folderOf } from './reading.ts';
import { publish } from './writing.ts';

/**
 * An upload is a hidden file, into which parts are written where they belong, and its journal: a line that says for which key
 * it is, and one for each part that is there. The path of the hidden file is the upload's id.
 */
const journalSuffix = '.parts';
const chunkBytes = 2 ** 20;

type Part = Parameters<ObjectStore['uploadPart']>[1];

export async function openUpload(at: ObjectLocation, signal?: AbortSignal): Promise<string> {
  signal?.throwIfAborted();
  try {
    const hidden = await hiddenPathFor(at.key);
    // The journal first: without it nobody would know what the file is.
    await writeFile(hidden + journalSuffix, JSON.stringify({ key: at.key }), { flag: 'wx' });
    await writeFile(hidden, '', { flag: 'wx' });
    return hidden;
  } catch (error) {
    throw storageError('open an upload of', at, error);
  }
}

export async function uploadPart(upload: OpenUpload, part: Part, signal?: AbortSignal): Promise<UploadedPart> {
  signal?.throwIfAborted();
  const hidden = hiddenPathOf(upload);
  try {
    const sum = await copyRange(upload, part, hidden, signal);
    const uploaded: UploadedPart = {
      number: part.number,
      etag: etagOf(sum),
      sizeBytes: part.sizeBytes,
    };
    // The line break first: what a crash cut off stays a line of its own.
    await appendFile(hidden + journalSuffix, `\n${JSON.stringify(uploaded)}`);
    return uploaded;
  } catch (error) {
    signal?.throwIfAborted();
    throw storageError(`upload part ${part.number} of`, upload.at, error);
  }
}

/** Returns the CRC-32 of what was copied. */
async function copyRange(upload: OpenUpload, part: Part, to: string, signal: AbortSignal | undefined): Promise<number> {
  await using source = await open(part.path);
  await using target = await open(to, 'r+').catch((error: unknown) => {
    throw isMissing(error) ? gone(upload) : error;
  });
  const buffer = Buffer.allocUnsafe(Math.min(chunkBytes, part.sizeBytes));
  let sum = 0;
  for (let done = 0; done < part.sizeBytes; ) {
    signal?.throwIfAborted();
    const position = part.offset + done;
    const { bytesRead } = await source.read(buffer, 0, Math.min(buffer.length, part.sizeBytes - done), position);
    if (bytesRead === 0) {
      const message = `${part.path} became shorter while it was uploaded: it ends at byte ${position}`;
      throw new KonvergeError('storage-failed', message);
    }
    const chunk = buffer.subarray(0, bytesRead);
    sum = crc32(chunk, sum);
    for (let written = 0; written < bytesRead; ) {
      written += (await target.write(chunk, written, bytesRead - written, position + written)).bytesWritten;
    }
    done += bytesRead;
  }
  return sum;
}

export async function listParts(upload: OpenUpload, signal?: AbortSignal): Promise<readonly UploadedPart[]> {
  signal?.throwIfAborted();
  try {
    const hidden = hiddenPathOf(upload);
    const [[, ...lines]] = await Promise.all([journalOf(hidden), stat(hidden)]);
    const parts = new Map<number, UploadedPart>();
    for (const line of lines) {
      const part = parsed(line) as UploadedPart | undefined;
      if (part !== undefined) parts.set(part.number, part);
    }
    return [...parts.values()].toSorted((a, b) => a.number - b.number);
  } catch (error) {
    if (isMissing(error)) throw gone(upload);
    throw storageError('list the parts of', upload.at, error);
  }
}

export async function completeUpload(
  upload: OpenUpload,
  parts: readonly UploadedPart[],
  signal?: AbortSignal,
): Promise<WrittenObject> {
  signal?.throwIfAborted();
  const hidden = hiddenPathOf(upload);
  const total = parts.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  try {
    const file = await open(hidden, 'r+').catch((error: unknown) => {
      if (isMissing(error)) return undefined;
      throw error;
    });
    if (file === undefined) return await completedBefore(upload, parts, total, signal);
    try {
      const { size } = await file.stat();
      if (size !== total)
        throw new KonvergeError(
          'storage-failed',
          `cannot complete the upload of ${describeLocation(upload.at)}: it has ${size} bytes instead of ${total}`,
        );
      await file.sync();
    } finally {
      await file.close();
    }
    const written = await publish(hidden, upload.at);
    await rm(hidden + journalSuffix, { force: true });
    return written;
  } catch (error) {
    throw storageError('complete the upload of', upload.at, error);
  }
}

/** The file that an earlier call has made: told by its bytes, since it has no name of the upload any more. */
async function completedBefore(
  upload: OpenUpload,
  parts: readonly UploadedPart[],
  total: number,
  signal: AbortSignal | undefined,
): Promise<WrittenObject> {
  try {
    await using file = await open(upload.at.key);
    const facts = factsOf(await file.stat({ bigint: true }));
    if (facts.sizeBytes !== total) throw gone(upload);
    let position = 0;
    for (const { etag, sizeBytes } of parts) {
      const end = position + sizeBytes;
      let sum = 0;
      while (position < end) {
        signal?.throwIfAborted();
        const buffer = Buffer.allocUnsafe(Math.min(chunkBytes, end - position));
        const { bytesRead } = await file.read(buffer, 0, buffer.length, position);
        if (bytesRead === 0) throw gone(upload);
        sum = crc32(buffer.subarray(0, bytesRead), sum);
        position += bytesRead;
      }
      if (etagOf(sum) !== etag) throw gone(upload);
    }
    // Its journal may be left of a call that was killed in between.
    await rm(hiddenPathOf(upload) + journalSuffix, { force: true });
    return { sizeBytes: facts.sizeBytes, etag: facts.etag };
  } catch (error) {
    if (isMissing(error)) throw gone(upload);
    throw error;
  }
}

export async function abortUpload(upload: OpenUpload, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  const hidden = hiddenPathOf(upload);
  try {
    await rm(hidden, { force: true });
    await rm(hidden + journalSuffix, { force: true });
  } catch (error) {
    throw storageError('abort the upload of', upload.at, error);
  }
}

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
    const [[first = ''], { birthtimeMs }] = await Promise.all([journalOf(hidden), stat(file)]);
    const key = (parsed(first) as { key?: unknown } | undefined)?.key;
    if (typeof key !== 'string' || !key.startsWith(prefix.key)) return;
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

async function journalOf(hidden: string): Promise<string[]> {
  return (await readFile(hidden + journalSuffix, 'utf8')).split('\n');
}

/** Undefined for a line that a crash cut off: then the part counts as not sent. */
function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** An id comes from a manifest, so it is not trusted: it must be a hidden file in the key's folder or in one above. */
function hiddenPathOf({ at, uploadId }: OpenUpload): string {
  const folder = path.dirname(uploadId);
  const above = folder === '/' ? folder : `${folder}/`;
  if (path.basename(uploadId).startsWith(hiddenPrefix) && at.key.startsWith(above)) return uploadId;
  throw new KonvergeError('upload-missing', `${uploadId} is no upload of ${describeLocation(at)}`);
}

function etagOf(sum: number): string {
  return `"${sum.toString(16).padStart(8, '0')}"`;
}

function gone({ at }: OpenUpload): KonvergeError {
  return new KonvergeError('upload-missing', `the upload of ${describeLocation(at)} is not there any more`);
}
