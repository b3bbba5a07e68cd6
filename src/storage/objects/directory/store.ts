import type { ObjectStore } from '../../../ports/object-store.ts';
import { listUploads } from './listed-uploads.ts';
import { head, list, read } from './reading.ts';
import { abortUpload, completeUpload, listParts, openUpload, uploadPart } from './uploads.ts';
import { put, remove } from './writing.ts';

/** Files of this machine, or of one that it has mounted. `bucket` is empty, a key is an absolute path. */
export function openDirectoryStore(): ObjectStore {
  return {
    kind: 'directory',
    head,
    list,
    read,
    put,
    remove,
    openUpload,
    uploadPart,
    listParts,
    completeUpload,
    abortUpload,
    listUploads,
    close() {
      // Nothing is held between calls.
    },
  };
}
