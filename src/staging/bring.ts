import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ObjectLocation } from '../domain/object-location.ts';
import type { ObjectStore } from '../ports/object-store.ts';
import type { CallContext } from './agent-context.ts';

/** All objects below a prefix, one after another, as one local file; an empty one if there are none. */
export async function bring(
  context: CallContext,
  prefix: ObjectLocation,
  path: string,
  signal: AbortSignal,
): Promise<void> {
  await pipeline(Readable.from(bytesBelow(context.store(prefix.store), prefix, signal)), createWriteStream(path), {
    signal,
  });
}

async function* bytesBelow(
  store: ObjectStore,
  prefix: ObjectLocation,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  for await (const { at } of store.list(prefix, { signal })) {
    const { body } = await store.read(at, { signal });
    yield* body;
  }
}
