import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  ListPartsCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { KonvergeError } from '../../../domain/error.ts';
import { totalBytes, type UploadedPart } from '../../../domain/manifest.ts';
import { describeLocation, type ObjectLocation } from '../../../domain/object-location.ts';
import type { OpenUpload, WrittenObject } from '../../../ports/object-store.ts';
import { makingBucket } from './bucket.ts';
import { etagOfParts } from './checksum.ts';
import { abortable, type Connection, request } from './connection.ts';
import { isUnknownRequest } from './errors.ts';
import { listUploads } from './listed-uploads.ts';
import { askingAfterLoss } from './lost-answer.ts';
import { type FilePart, sendPart } from './part-body.ts';

/**
 * Undefined if the store knows no multipart uploads.
 *
 * Not cut short by the signal: an upload whose id never arrives could only be found by a search. If the answer itself is lost
 * and the request repeated, the first upload stays open until `listUploads` finds it.
 */
async function openUpload(
  connection: Connection,
  at: ObjectLocation,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const command = { Bucket: at.bucket, Key: at.key, ChecksumAlgorithm: 'CRC32' } as const;
  const uploadId = await makingBucket(connection, at, signal, () =>
    request(connection, { operation: 'open an upload of', at, signal }, async () => {
      try {
        const { UploadId } = await connection.client.send(new CreateMultipartUploadCommand(command));
        if (UploadId !== undefined) return UploadId;
      } catch (error) {
        if (isUnknownRequest(error)) return undefined;
        throw error;
      }
      throw new KonvergeError('storage-failed', `the store gave no id for an upload of ${describeLocation(at)}`);
    }),
  );
  if (signal?.aborted === true && uploadId !== undefined) {
    await abortUpload(connection, { at, uploadId });
    signal.throwIfAborted();
  }
  return uploadId;
}

async function uploadPart(
  connection: Connection,
  upload: OpenUpload,
  part: FilePart & { readonly number: number },
  signal?: AbortSignal,
): Promise<UploadedPart> {
  const { at } = upload;
  return request(connection, { operation: `upload part ${part.number} of`, at, signal }, () =>
    sendPart(part, (fields) => {
      const command = new UploadPartCommand({ ...partsOf(upload), PartNumber: part.number, ...fields });
      return askingAfterLoss(
        () => connection.client.send(command, abortable(signal)),
        () => connection.client.send(new ListPartsCommand({ ...partsOf(upload), MaxParts: 1 }), abortable(signal)),
      );
    }),
  );
}

async function listParts(
  connection: Connection,
  upload: OpenUpload,
  signal?: AbortSignal,
): Promise<readonly UploadedPart[]> {
  const parts: UploadedPart[] = [];
  let marker: string | undefined;
  do {
    const command = new ListPartsCommand({
      ...partsOf(upload),
      ...(marker !== undefined && { PartNumberMarker: marker }),
    });
    const page = await request(connection, { operation: 'list the parts of', at: upload.at, signal }, () =>
      connection.client.send(command, abortable(signal)),
    );
    for (const { PartNumber = 0, ETag = '', Size = 0, ChecksumCRC32 } of page.Parts ?? []) {
      parts.push({
        number: PartNumber,
        etag: ETag,
        sizeBytes: Size,
        ...(ChecksumCRC32 !== undefined && { crc32: ChecksumCRC32 }),
      });
    }
    marker = page.IsTruncated === true ? page.NextPartNumberMarker : undefined;
  } while (marker !== undefined);
  return parts;
}

async function completeUpload(
  connection: Connection,
  upload: OpenUpload,
  parts: readonly UploadedPart[],
  signal?: AbortSignal,
): Promise<WrittenObject> {
  const command = {
    ...partsOf(upload),
    MultipartUpload: {
      Parts: parts.map(({ number, etag, crc32 }) => ({
        PartNumber: number,
        ETag: etag,
        ...(crc32 !== undefined && { ChecksumCRC32: crc32 }),
      })),
    },
  };
  try {
    return await request(connection, { operation: 'complete the upload of', at: upload.at, signal }, async () => {
      // AWS may answer 200 and an error in the body, since it begins to answer before it is done; the client throws it.
      const { ETag = '' } = await connection.client.send(
        new CompleteMultipartUploadCommand(command),
        abortable(signal),
      );
      return { sizeBytes: totalBytes(parts), etag: ETag };
    });
  } catch (error) {
    if (!(error instanceof KonvergeError) || error.code !== 'upload-missing') throw error;
    const done = await completedBefore(connection, upload.at, parts, signal);
    if (done === undefined) throw error;
    return done;
  }
}

/** The object that an earlier call has made of these parts, if it is still there. */
async function completedBefore(
  connection: Connection,
  at: ObjectLocation,
  parts: readonly UploadedPart[],
  signal: AbortSignal | undefined,
): Promise<WrittenObject | undefined> {
  const command = { Bucket: at.bucket, Key: at.key };
  try {
    const found = await request(connection, { operation: 'look at', at, signal }, () =>
      connection.client.send(new HeadObjectCommand(command), abortable(signal)),
    );
    const written: WrittenObject = { sizeBytes: found.ContentLength ?? 0, etag: found.ETag ?? '' };
    if (written.sizeBytes !== totalBytes(parts)) return undefined;
    const expected = etagOfParts(parts);
    // With a key of KMS, ETags look like MD5s and are none; then the size and the number of parts must do.
    const isDigest = expected !== undefined && found.ServerSideEncryption?.startsWith('aws:kms') !== true;
    const same = isDigest ? written.etag === expected : written.etag.includes('-') === expected?.includes('-');
    return same ? written : undefined;
  } catch (error) {
    if (error instanceof KonvergeError && error.code === 'object-missing') return undefined;
    throw error;
  }
}

async function abortUpload(connection: Connection, upload: OpenUpload, signal?: AbortSignal): Promise<void> {
  try {
    await request(connection, { operation: 'abort the upload of', at: upload.at, signal }, () =>
      connection.client.send(new AbortMultipartUploadCommand(partsOf(upload)), abortable(signal)),
    );
  } catch (error) {
    if (error instanceof KonvergeError && (error.code === 'upload-missing' || error.code === 'bucket-missing')) return;
    throw error;
  }
}

function partsOf({ at, uploadId }: OpenUpload): {
  readonly Bucket: string;
  readonly Key: string;
  readonly UploadId: string;
} {
  return { Bucket: at.bucket, Key: at.key, UploadId: uploadId };
}

export const multipart = { openUpload, uploadPart, listParts, completeUpload, abortUpload, listUploads };
