import type { UploadedPart } from '../domain/manifest.ts';
import type { ObjectLocation } from '../domain/object-location.ts';

/**
 * Where objects are. One adapter per folder of src/storage/objects; every adapter passes test/conformance/object-store.
 *
 * Errors are `KonvergeError`s with a storage code (error-table.ts) that name the object; a missing object is `undefined`
 * where the return type says so and `object-missing` elsewhere. Each call repeats itself, with growing pauses, what may
 * pass by itself (5xx, slow-down, reset connections, skewed clocks), and gives up as `storage-unavailable`.
 *
 * Not in this contract: local paths of steps, commits and manifests (src/staging has them), credentials (given when an
 * adapter is made), and removing a bucket, which nobody here ever does.
 */
export interface ObjectStore {
  readonly kind: 's3' | 'directory';

  head(at: ObjectLocation, signal?: AbortSignal): Promise<ObjectFacts | undefined>;

  /** Every object whose key begins with `prefix.key`, in the order of keys; `limit` ends it early. */
  list(
    prefix: ObjectLocation,
    options?: { readonly limit?: number; readonly signal?: AbortSignal },
  ): AsyncIterable<ListedObject>;

  /**
   * The bytes of an object, from `offset` on. With `ifMatch` the object must still have that ETag: `object-changed`
   * otherwise. Throws `object-missing`. The stream ends with an error if fewer bytes come than were promised.
   */
  read(
    at: ObjectLocation,
    options?: { readonly offset?: number; readonly ifMatch?: string; readonly signal?: AbortSignal },
  ): Promise<{ readonly facts: ObjectFacts; readonly body: AsyncIterable<Uint8Array> }>;

  /** Writes an object in one go; it is visible at once. Makes the bucket if there is none. */
  put(at: ObjectLocation, body: Uint8Array, signal?: AbortSignal): Promise<WrittenObject>;

  /** No error if it is not there. */
  remove(at: ObjectLocation, signal?: AbortSignal): Promise<void>;

  /** Begins an upload that stays invisible until it is completed. Makes the bucket if there is none. */
  openUpload(at: ObjectLocation, signal?: AbortSignal): Promise<string>;

  /**
   * Sends one part of a local file, checked on its way; a part that is sent again replaces the former one. One file is one
   * object: the part's offset in the file is its offset in the object. All parts but the last have the same size.
   */
  uploadPart(
    upload: OpenUpload,
    part: { readonly number: number; readonly path: string; readonly offset: number; readonly sizeBytes: number },
    signal?: AbortSignal,
  ): Promise<UploadedPart>;

  /** The parts that an upload has so far. Throws `upload-missing`. */
  listParts(upload: OpenUpload, signal?: AbortSignal): Promise<readonly UploadedPart[]>;

  /**
   * Makes the object visible, whole. Idempotent: completing again what has been completed answers the same as long as the
   * object is still that one. If it is another one by now: `upload-missing`, or (AWS and others remember what they have
   * completed) the first answer again; so who has to know looks with `head` and compares the ETag.
   */
  completeUpload(upload: OpenUpload, parts: readonly UploadedPart[], signal?: AbortSignal): Promise<WrittenObject>;

  /** No error if it is not there (any more). A completed object stays. */
  abortUpload(upload: OpenUpload, signal?: AbortSignal): Promise<void>;

  /** Every open upload whose key begins with `prefix.key`. */
  listUploads(prefix: ObjectLocation, signal?: AbortSignal): AsyncIterable<ListedUpload>;

  /** Lets go of connections. */
  close(): void;
}

/** What a store says when an object has been written. Its time only `head` and `list` tell: S3 may date it back. */
export interface WrittenObject {
  readonly sizeBytes: number;
  /** As the store gives it, quotes included; changes with the content. */
  readonly etag: string;
}

export interface ObjectFacts extends WrittenObject {
  readonly modifiedMs: number;
}

export interface ListedObject extends ObjectFacts {
  readonly at: ObjectLocation;
}

export interface OpenUpload {
  readonly at: ObjectLocation;
  readonly uploadId: string;
}

export interface ListedUpload extends OpenUpload {
  readonly initiatedMs: number;
}
