import { DeleteObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import { KonvergeError } from '../../../domain/error.ts';
import type { ObjectLocation } from '../../../domain/object-location.ts';
import type { WrittenObject } from '../../../ports/object-store.ts';
import { makingBucket } from './bucket.ts';
import { crc32Of } from './checksum.ts';
import { abortable, type Connection, request } from './connection.ts';
import { askingAfterLoss } from './lost-answer.ts';

export function put(
  connection: Connection,
  at: ObjectLocation,
  body: Uint8Array,
  signal?: AbortSignal,
): Promise<WrittenObject> {
  const command = { Bucket: at.bucket, Key: at.key, Body: body, ChecksumCRC32: crc32Of(body) };
  return makingBucket(connection, at, signal, () =>
    request(connection, { operation: 'write', at, signal }, async () => {
      const { ETag = '' } = await askingAfterLoss(
        () => connection.client.send(new PutObjectCommand(command), abortable(signal)),
        // A listing, since the answer to a HEAD does not say what is missing.
        () => connection.client.send(new ListObjectsV2Command({ Bucket: at.bucket, MaxKeys: 1 }), abortable(signal)),
      );
      return { sizeBytes: body.byteLength, etag: ETag };
    }),
  );
}

export async function remove(connection: Connection, at: ObjectLocation, signal?: AbortSignal): Promise<void> {
  const command = { Bucket: at.bucket, Key: at.key };
  try {
    await request(connection, { operation: 'remove', at, signal }, () =>
      connection.client.send(new DeleteObjectCommand(command), abortable(signal)),
    );
  } catch (error) {
    if (error instanceof KonvergeError && (error.code === 'object-missing' || error.code === 'bucket-missing')) return;
    throw error;
  }
}
