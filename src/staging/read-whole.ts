import { KonvergeError } from '../domain/error.ts';
import type { ObjectLocation } from '../domain/object-location.ts';
import type { ObjectStore } from '../ports/object-store.ts';

/** A small object; undefined if there is none. A stream that breaks is begun anew. */
export async function readWhole(
  store: ObjectStore,
  at: ObjectLocation,
  signal: AbortSignal,
): Promise<Buffer | undefined> {
  for (let tries = 1; ; tries += 1) {
    const opened = await store.read(at, { signal }).catch((error: unknown) => {
      if (error instanceof KonvergeError && error.code === 'object-missing') return undefined;
      throw error;
    });
    if (opened === undefined) return undefined;
    try {
      const pieces: Uint8Array[] = [];
      for await (const piece of opened.body) pieces.push(piece);
      return Buffer.concat(pieces);
    } catch (error) {
      signal.throwIfAborted();
      if (tries >= 5) throw error;
    }
  }
}
