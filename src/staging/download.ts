import { type FileHandle, open } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { KonvergeError } from '../domain/error.ts';
import { describeLocation, type ObjectLocation } from '../domain/object-location.ts';
import type { Logger } from '../ports/logger.ts';
import type { ObjectFacts, ObjectStore } from '../ports/object-store.ts';
import { diskError } from './disk-error.ts';
import type { Limiter } from './limiter.ts';
import { type ByteRange, segmentsOf } from './transfer-plan.ts';

/** What a download needs besides the object. */
export interface DownloadContext {
  readonly store: ObjectStore;
  readonly transfers: Limiter;
  readonly logger: Logger;
}

const maxChanges = 3;
/** Broken streams in a row, none of which brought a byte. */
const maxFruitless = 5;
/** Bytes gathered for one write: a stream comes in pieces of 16 to 64 KiB. */
const writeBytes = 1024 * 1024;

/**
 * Brings an object into a new local file. A broken stream goes on where it ended; an object that is replaced meanwhile is
 * begun anew, at most three times. The file can only be read (but by root). `wanted` sees what the object is before its bytes come; if it says no, no file is made.
 */
export async function download(
  context: DownloadContext,
  at: ObjectLocation,
  path: string,
  wanted: (facts: ObjectFacts) => boolean,
  signal: AbortSignal,
): Promise<ObjectFacts> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await downloadOnce(context, at, path, wanted, signal);
    } catch (error) {
      const changed = error instanceof KonvergeError && error.code === 'object-changed';
      if (!changed || tries >= maxChanges) throw error;
      context.logger.warn(
        { object: describeLocation(at), tries },
        'an object was replaced while it was read; begun anew',
      );
    }
  }
}

async function downloadOnce(
  context: DownloadContext,
  at: ObjectLocation,
  path: string,
  wanted: (facts: ObjectFacts) => boolean,
  signal: AbortSignal,
): Promise<ObjectFacts> {
  const { store, transfers } = context;
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  let file: FileHandle | undefined;
  const running: Promise<void>[] = [];
  try {
    const facts = await transfers.run(either, async () => {
      const { facts, body } = await store.read(at, { signal: either });
      if (!wanted(facts)) {
        await letGo(body);
        return facts;
      }
      file = await open(path, 'w', 0o444).catch((cause: unknown) => {
        throw diskError(path, cause);
      });
      const target = { context, at, facts, path, file };
      const [first, ...others] = segmentsOf(facts.sizeBytes);
      for (const range of others) {
        const copied = transfers.run(either, () => copyRange(target, range, undefined, either));
        running.push(copied.catch((error: unknown) => failed.abort(error)));
      }
      if (first && facts.sizeBytes > 0) await copyRange(target, first, body, either);
      else await letGo(body);
      return facts;
    });
    await Promise.all(running);
    either.throwIfAborted();
    return facts;
  } catch (error) {
    failed.abort(error);
    await Promise.all(running);
    // Of several segments the first failure counts; those after it are only its echo.
    signal.throwIfAborted();
    throw failed.signal.reason;
  } finally {
    await file?.close();
  }
}

interface Target {
  readonly context: DownloadContext;
  readonly at: ObjectLocation;
  readonly facts: ObjectFacts;
  readonly path: string;
  readonly file: FileHandle;
}

async function copyRange(
  { context, at, facts, path, file }: Target,
  { begin, end }: ByteRange,
  opened: AsyncIterable<Uint8Array> | undefined,
  signal: AbortSignal,
): Promise<void> {
  let offset = begin;
  let fruitless = 0;
  let body = opened;
  while (offset < end) {
    signal.throwIfAborted();
    // Outside the try: a store that refuses has already been asked several times.
    body ??= (await context.store.read(at, { offset, ifMatch: facts.etag, signal })).body;
    const before = offset;
    let writing = false;
    try {
      const gathered: Uint8Array[] = [];
      let gatheredBytes = 0;
      const flush = async (): Promise<void> => {
        writing = true;
        await writeAll(file, Buffer.concat(gathered), offset);
        writing = false;
        offset += gatheredBytes;
        gathered.length = 0;
        gatheredBytes = 0;
      };
      for await (const piece of body) {
        const taken = piece.subarray(0, end - offset - gatheredBytes);
        gathered.push(taken);
        gatheredBytes += taken.length;
        if (gatheredBytes >= writeBytes) await flush();
        // To leave a stream before its end costs its connection.
        if (offset + gatheredBytes >= end && end < facts.sizeBytes) break;
      }
      if (gatheredBytes > 0) await flush();
      if (offset < end) throw new Error('the stream ended early');
    } catch (error) {
      if (writing) throw diskError(path, error);
      signal.throwIfAborted();
      fruitless = offset > before ? 0 : fruitless + 1;
      if (fruitless >= maxFruitless) {
        throw new KonvergeError('storage-unavailable', `${describeLocation(at)}: ${(error as Error).message}`, {
          cause: error,
        });
      }
      context.logger.warn({ object: describeLocation(at), offset, fruitless }, 'a download broke off; it goes on');
      await pause(100 * fruitless, undefined, { signal });
    }
    body = undefined;
  }
}

async function writeAll(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  // A disk that becomes full takes a part first and says so only with the next write.
  for (let done = 0; done < bytes.length; ) {
    done += (await file.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
  }
}

/** Ends a stream that nobody wants. Its first piece is taken, since a generator that never began ends without its finally. */
async function letGo(body: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _ of body) break;
}
