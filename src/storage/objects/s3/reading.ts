import { GetObjectCommand, HeadObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { KonvergeError } from '../../../domain/error.ts';
import { describeLocation, type ObjectLocation } from '../../../domain/object-location.ts';
import type { ListedObject, ObjectFacts, ObjectStore } from '../../../ports/object-store.ts';
import { abortable, type Connection, request } from './connection.ts';
import { storageError } from './errors.ts';
import { decodeKey } from './key-encoding.ts';

type ReadOptions = NonNullable<Parameters<ObjectStore['read']>[1]>;
type ListOptions = NonNullable<Parameters<ObjectStore['list']>[1]>;
type Reading = Awaited<ReturnType<ObjectStore['read']>>;

/** Keys below it belong to uploads to stores without multipart uploads; see staged-copies.ts. */
export const stagedPrefix = '.konverge-staged/';

/** What an answer about an object says in its headers. */
interface ObjectHeaders {
  readonly ContentLength?: number | undefined;
  readonly ETag?: string | undefined;
  readonly LastModified?: Date | undefined;
}

export async function head(
  connection: Connection,
  at: ObjectLocation,
  signal?: AbortSignal,
): Promise<ObjectFacts | undefined> {
  const command = { Bucket: at.bucket, Key: at.key };
  try {
    return await request(connection, { operation: 'look at', at, signal }, async () =>
      factsOf(await connection.client.send(new HeadObjectCommand(command), abortable(signal))),
    );
  } catch (error) {
    // Without a body the answer does not tell a missing object from a missing bucket.
    if (error instanceof KonvergeError && error.code === 'object-missing') return undefined;
    throw error;
  }
}

/** Without what the staged copies keep aside. */
export async function* list(
  connection: Connection,
  prefix: ObjectLocation,
  { limit = Number.POSITIVE_INFINITY, signal }: ListOptions = {},
): AsyncGenerator<ListedObject> {
  if (limit <= 0) return;
  let left = limit;
  for await (const object of listAll(connection, prefix, { limit, signal })) {
    if (object.at.key.startsWith(stagedPrefix)) continue;
    yield object;
    left -= 1;
    if (left <= 0) return;
  }
}

/** Pages of a thousand, or of `limit`; one is asked for only when the last one has been used up. */
export async function* listAll(
  connection: Connection,
  prefix: ObjectLocation,
  { limit = 1000, signal }: { readonly limit?: number; readonly signal?: AbortSignal | undefined } = {},
): AsyncGenerator<ListedObject> {
  let token: string | undefined;
  do {
    const command = new ListObjectsV2Command({
      Bucket: prefix.bucket,
      Prefix: prefix.key,
      MaxKeys: Math.min(1000, limit),
      EncodingType: 'url',
      ...(token !== undefined && { ContinuationToken: token }),
    });
    const page = await request(connection, { operation: 'list', at: prefix, signal }, () =>
      connection.client.send(command, abortable(signal)),
    );
    for (const { Key = '', Size = 0, ETag = '', LastModified } of page.Contents ?? []) {
      const at = { ...prefix, key: decodeKey(Key, page.EncodingType) };
      yield { at, sizeBytes: Size, etag: ETag, modifiedMs: LastModified?.getTime() ?? 0 };
    }
    token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
  } while (token !== undefined);
}

/**
 * The answer's bytes as they come. They are not kept, so an answer that breaks off cannot be repeated here: the caller goes
 * on with `offset` at what it has, and `ifMatch` of the facts, so that it never mixes two objects.
 */
export async function read(
  connection: Connection,
  at: ObjectLocation,
  { offset = 0, ifMatch, signal }: ReadOptions = {},
): Promise<Reading> {
  const command = {
    Bucket: at.bucket,
    Key: at.key,
    ...(offset > 0 && { Range: `bytes=${offset}-` }),
    ...(ifMatch !== undefined && { IfMatch: ifMatch }),
  };
  const answer = await request(connection, { operation: 'read', at, signal }, () =>
    connection.client.send(new GetObjectCommand(command), abortable(signal)),
  );
  const facts = factsOf(answer);
  const expected = facts.sizeBytes;
  if (offset > 0 && answer.ContentRange === undefined) {
    throw new KonvergeError('storage-failed', `cannot read ${describeLocation(at)}: the store ignores ranges`);
  }
  const body = (answer.Body ?? []) as AsyncIterable<Uint8Array>;
  return { facts: { ...facts, sizeBytes: offset + expected }, body: whole(body, expected, at, signal) };
}

async function* whole(
  body: AsyncIterable<Uint8Array>,
  expected: number,
  at: ObjectLocation,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  let seen = 0;
  try {
    for await (const chunk of body) {
      seen += chunk.byteLength;
      yield chunk;
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw storageError(`read on after ${seen} of ${expected} bytes of`, at, error);
  }
  if (seen === expected) return;
  const message = `cannot read ${describeLocation(at)}: the answer ended after ${seen} of ${expected} bytes`;
  throw new KonvergeError('storage-unavailable', message);
}

function factsOf({ ContentLength = 0, ETag = '', LastModified }: ObjectHeaders): ObjectFacts {
  return { sizeBytes: ContentLength, etag: ETag, modifiedMs: LastModified?.getTime() ?? 0 };
}
