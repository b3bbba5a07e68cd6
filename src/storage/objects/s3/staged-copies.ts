import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { CopyObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { KonvergeError } from '../../../domain/error.ts';
import { totalBytes, type UploadedPart } from '../../../domain/manifest.ts';
import { describeLocation, type ObjectLocation } from '../../../domain/object-location.ts';
import type { ListedUpload, OpenUpload, WrittenObject } from '../../../ports/object-store.ts';
import { abortable, type Connection, request } from './connection.ts';
import { encodeCopySource } from './key-encoding.ts';
import { type FilePart, sendPart } from './part-body.ts';
import { head, listAll, read, stagedPrefix } from './reading.ts';
import { put, remove } from './writing.ts';

/**
 * Uploads to a store that knows no multipart uploads. Parts are objects of their own, put aside in the same bucket under
 * `.konverge-staged/KEY/ID/`; completing copies the only part to its key within the store, or reads several parts and writes
 * them as one object. So an object still appears whole or not at all. What is lost: an object has at most the size that one
 * request may have (5 GB at most stores), several parts travel twice more, and a second `completeUpload` can often tell
 * the object only by its size.
 */
const idPrefix = 'staged:';
const markerName = 'open';

export function isStaged({ uploadId }: OpenUpload): boolean {
  return uploadId.startsWith(idPrefix);
}

async function openUpload(connection: Connection, at: ObjectLocation, signal?: AbortSignal): Promise<string> {
  const uploadId = idPrefix + randomBytes(8).toString('hex');
  await put(connection, aside({ at, uploadId }, markerName), new Uint8Array(), signal);
  return uploadId;
}

async function uploadPart(
  connection: Connection,
  upload: OpenUpload,
  part: FilePart & { readonly number: number },
  signal?: AbortSignal,
): Promise<UploadedPart> {
  if ((await head(connection, aside(upload, markerName), signal)) === undefined) throw gone(upload);
  const place = aside(upload, String(part.number).padStart(5, '0'));
  return request(connection, { operation: `upload part ${part.number} of`, at: upload.at, signal }, () =>
    sendPart(part, (fields) => {
      const command = new PutObjectCommand({ Bucket: place.bucket, Key: place.key, ...fields });
      return connection.client.send(command, abortable(signal));
    }),
  );
}

async function listParts(
  connection: Connection,
  upload: OpenUpload,
  signal?: AbortSignal,
): Promise<readonly UploadedPart[]> {
  const parts: UploadedPart[] = [];
  const folder = aside(upload, '');
  let isOpen = false;
  for await (const { at, etag, sizeBytes } of listAll(connection, folder, { signal })) {
    const name = at.key.slice(folder.key.length);
    if (name === markerName) isOpen = true;
    else parts.push({ number: Number(name), etag, sizeBytes });
  }
  if (!isOpen) throw gone(upload);
  return parts;
}

async function completeUpload(
  connection: Connection,
  upload: OpenUpload,
  parts: readonly UploadedPart[],
  signal?: AbortSignal,
): Promise<WrittenObject> {
  const there = await listParts(connection, upload, signal).catch((error: unknown) => {
    if (error instanceof KonvergeError && error.code === 'upload-missing') return [];
    throw error;
  });
  const areAll = parts.every(({ number, etag }) => there.some((part) => part.number === number && part.etag === etag));
  if (!areAll) {
    const done = await completedBefore(connection, upload, parts, signal);
    await abortUpload(connection, upload, signal);
    return done;
  }
  const [only, ...more] = parts;
  const written =
    only !== undefined && more.length === 0
      ? await copy(connection, upload, only, signal)
      : await concatenate(connection, upload, parts, signal);
  await abortUpload(connection, upload, signal);
  return written;
}

function copy(
  connection: Connection,
  upload: OpenUpload,
  part: UploadedPart,
  signal: AbortSignal | undefined,
): Promise<WrittenObject> {
  const { at } = upload;
  const source = aside(upload, String(part.number).padStart(5, '0'));
  const command = { Bucket: at.bucket, Key: at.key, CopySource: encodeCopySource(source.bucket, source.key) };
  return request(connection, { operation: 'complete the upload of', at, signal }, async () => {
    const { CopyObjectResult } = await connection.client.send(new CopyObjectCommand(command), abortable(signal));
    return { sizeBytes: part.sizeBytes, etag: CopyObjectResult?.ETag ?? part.etag };
  });
}

function concatenate(
  connection: Connection,
  upload: OpenUpload,
  parts: readonly UploadedPart[],
  signal: AbortSignal | undefined,
): Promise<WrittenObject> {
  const { at } = upload;
  const sizeBytes = totalBytes(parts);
  return request(connection, { operation: 'complete the upload of', at, signal }, async () => {
    const Body = Readable.from(bytesOf(connection, upload, parts, signal), { objectMode: false });
    const command = new PutObjectCommand({ Bucket: at.bucket, Key: at.key, Body, ContentLength: sizeBytes });
    const { ETag = '' } = await connection.client.send(command, abortable(signal));
    return { sizeBytes, etag: ETag };
  });
}

async function* bytesOf(
  connection: Connection,
  upload: OpenUpload,
  parts: readonly UploadedPart[],
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  for (const { number, etag } of parts) {
    const place = aside(upload, String(number).padStart(5, '0'));
    const { body } = await read(connection, place, { ifMatch: etag, ...(signal && { signal }) });
    yield* body;
  }
}

async function completedBefore(
  connection: Connection,
  upload: OpenUpload,
  parts: readonly UploadedPart[],
  signal: AbortSignal | undefined,
): Promise<WrittenObject> {
  const found = await head(connection, upload.at, signal);
  const [only, ...more] = parts;
  // The copy of one part has its ETag, unless ETags are no checksums here.
  const isSame = more.length > 0 || only?.etag === found?.etag;
  if (found === undefined || found.sizeBytes !== totalBytes(parts) || !isSame) throw gone(upload);
  return { sizeBytes: found.sizeBytes, etag: found.etag };
}

/** Removes all that is aside; the marker last, so that what is left can be found. */
async function abortUpload(connection: Connection, upload: OpenUpload, signal?: AbortSignal): Promise<void> {
  const marker = aside(upload, markerName);
  for await (const { at } of listAll(connection, aside(upload, ''), { signal })) {
    if (at.key !== marker.key) await remove(connection, at, signal);
  }
  await remove(connection, marker, signal);
}

async function* listUploads(
  connection: Connection,
  prefix: ObjectLocation,
  signal?: AbortSignal,
): AsyncGenerator<ListedUpload> {
  const all = { ...prefix, key: stagedPrefix + prefix.key };
  const ending = new RegExp(`^(.*)/(${idPrefix}[0-9a-f]+)/${markerName}$`, 's');
  for await (const { at, modifiedMs } of listAll(connection, all, { signal })) {
    const [, key, uploadId] = ending.exec(at.key.slice(stagedPrefix.length)) ?? [];
    if (key !== undefined && uploadId !== undefined)
      yield { at: { ...prefix, key }, uploadId, initiatedMs: modifiedMs };
  }
}

function aside({ at, uploadId }: OpenUpload, name: string): ObjectLocation {
  return { ...at, key: `${stagedPrefix}${at.key}/${uploadId}/${name}` };
}

function gone({ at }: OpenUpload): KonvergeError {
  return new KonvergeError('upload-missing', `the upload of ${describeLocation(at)} is not there any more`);
}

export const stagedCopies = { openUpload, uploadPart, listParts, completeUpload, abortUpload, listUploads };
