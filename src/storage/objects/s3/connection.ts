import type { S3Client } from '@aws-sdk/client-s3';
import type { ObjectLocation } from '../../../domain/object-location.ts';
import { prospectOf, storageError } from './errors.ts';
import { type Patience, withPatience } from './patience.ts';

/** A client and how its requests are made. */
export interface Connection {
  readonly client: S3Client;
  readonly patience: Patience;
}

/** What a request does to what, for its error. */
export interface Doing {
  /** A verb: `read`, `write`. */
  readonly operation: string;
  readonly at: ObjectLocation;
  readonly signal?: AbortSignal | undefined;
}

/** Makes a request with patience. Throws `KonvergeError`s, or the reason of the signal. */
export async function request<Result>(
  { patience }: Connection,
  { operation, at, signal }: Doing,
  attempt: () => Promise<Result>,
): Promise<Result> {
  try {
    return await withPatience(patience, attempt, prospectOf, signal);
  } catch (error) {
    signal?.throwIfAborted();
    throw storageError(operation, at, error);
  }
}

/** For the client's `send`. */
export function abortable(signal: AbortSignal | undefined): { readonly abortSignal?: AbortSignal } {
  return signal === undefined ? {} : { abortSignal: signal };
}
