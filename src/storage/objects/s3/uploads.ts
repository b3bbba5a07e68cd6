import { KonvergeError } from '../../../domain/error.ts';
import type { ObjectLocation } from '../../../domain/object-location.ts';
import type { ListedUpload, ObjectStore, OpenUpload } from '../../../ports/object-store.ts';
import type { Connection } from './connection.ts';
import { multipart } from './multipart.ts';
import { isStaged, stagedCopies } from './staged-copies.ts';

type Uploads = Pick<
  ObjectStore,
  'openUpload' | 'uploadPart' | 'listParts' | 'completeUpload' | 'abortUpload' | 'listUploads'
>;

/** Multipart uploads; staged copies where the store turns out to know none. An upload's id tells which of them it is. */
export function uploadsOf(connection: Connection): Uploads {
  let knowsMultipart = true;
  const way = (upload: OpenUpload) => (isStaged(upload) ? stagedCopies : multipart);
  return {
    async openUpload(at, signal) {
      const uploadId = knowsMultipart ? await multipart.openUpload(connection, at, signal) : undefined;
      if (uploadId !== undefined) return uploadId;
      knowsMultipart = false;
      return stagedCopies.openUpload(connection, at, signal);
    },
    uploadPart: (upload, part, signal) => way(upload).uploadPart(connection, upload, part, signal),
    listParts: (upload, signal) => way(upload).listParts(connection, upload, signal),
    completeUpload: (upload, parts, signal) => way(upload).completeUpload(connection, upload, parts, signal),
    abortUpload: (upload, signal) => way(upload).abortUpload(connection, upload, signal),
    listUploads: (prefix, signal) => listUploads(connection, prefix, signal),
  };
}

/** Of both ways: another process may have found out what this one has not. */
async function* listUploads(
  connection: Connection,
  prefix: ObjectLocation,
  signal: AbortSignal | undefined,
): AsyncGenerator<ListedUpload> {
  yield* multipart.listUploads(connection, prefix, signal);
  try {
    yield* stagedCopies.listUploads(connection, prefix, signal);
  } catch (error) {
    if (!(error instanceof KonvergeError) || error.code !== 'bucket-missing') throw error;
  }
}
