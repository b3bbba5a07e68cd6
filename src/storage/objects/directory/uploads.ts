import { open, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { KonvergeError } from '../../../domain/error.ts';
import { totalBytes, type UploadedPart } from '../../../domain/manifest.ts';
import { describeLocation, type ObjectLocation } from '../../../domain/object-location.ts';
import type { ObjectStore, OpenUpload, WrittenObject } from '../../../ports/object-store.ts';
import { isMissing, storageError } from './errors.ts';
import { hiddenPathFor, hiddenPrefix } from './hidden-file.ts';
import { factsOf } from './reading.ts';
import { beginJournal, journalOf, notePart, partsIn, removeJournal } from './upload-journal.ts';
import { publish } from './writing.ts';

// An upload is a hidden file, into which parts are written where they belong, and its journal (upload-journal.ts). The path
// of the hidden file is the upload's id.
const chunkBytes = 2 ** 20;

type Part = Parameters<ObjectStore['uploadPart']>[1];

export async function openUpload(at: ObjectLocation, signal?: AbortSignal): Promise<string> {
  signal?.throwIfAborted();
  try {
    const hidden = await hiddenPathFor(at.key);
    // The journal first: without it nobody would know what the file is.
    await beginJournal(hidden, at.key);
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
    await notePart(hidden, uploaded);
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
    const [journal] = await Promise.all([journalOf(hidden), stat(hidden)]);
    return partsIn(journal);
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
  const total = totalBytes(parts);
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
    await removeJournal(hidden);
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
    await removeJournal(hiddenPathOf(upload));
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
    await removeJournal(hidden);
  } catch (error) {
    throw storageError('abort the upload of', upload.at, error);
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
