import { ListMultipartUploadsCommand, type ListMultipartUploadsCommandOutput } from '@aws-sdk/client-s3';
import type { ObjectLocation } from '../../../domain/object-location.ts';
import type { ListedUpload } from '../../../ports/object-store.ts';
import { abortable, type Connection, request } from './connection.ts';
import { failureOf, isUnknownRequest } from './errors.ts';
import { decodeKey } from './key-encoding.ts';

/** Multipart uploads that are open to keys with this prefix. */
export async function* listUploads(
  connection: Connection,
  prefix: ObjectLocation,
  signal?: AbortSignal,
): AsyncGenerator<ListedUpload> {
  let markers: { readonly KeyMarker?: string; readonly UploadIdMarker?: string } | undefined = {};
  while (markers !== undefined) {
    const command: ListMultipartUploadsCommand = new ListMultipartUploadsCommand({
      Bucket: prefix.bucket,
      Prefix: prefix.key,
      EncodingType: 'url',
      ...markers,
    });
    const page = await request(connection, { operation: 'list uploads to', at: prefix, signal }, () =>
      connection.client.send(command, abortable(signal)).catch(unlessUnknownOrNoBucket),
    );
    for (const { Key, UploadId, Initiated } of page.Uploads ?? []) {
      if (Key === undefined || UploadId === undefined) continue;
      const at = { ...prefix, key: decodeKey(Key, page.EncodingType) };
      // Some stores take a prefix here for a folder, or ignore it.
      if (at.key.startsWith(prefix.key)) yield { at, uploadId: UploadId, initiatedMs: Initiated?.getTime() ?? 0 };
    }
    markers =
      page.IsTruncated === true
        ? {
            KeyMarker: decodeKey(page.NextKeyMarker ?? '', page.EncodingType),
            ...(page.NextUploadIdMarker !== undefined && { UploadIdMarker: page.NextUploadIdMarker }),
          }
        : undefined;
  }
}

/** Where there is no bucket, and where uploads are unknown, none is open. */
function unlessUnknownOrNoBucket(error: unknown): ListMultipartUploadsCommandOutput {
  if (isUnknownRequest(error) || failureOf(error).name === 'NoSuchBucket') return { $metadata: {} };
  throw error;
}
