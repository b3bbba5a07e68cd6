import { setTimeout as wait } from 'node:timers/promises';

/** The first pause is at most `firstMs`, each further one at most twice as long, up to `longestMs`. */
export interface Pauses {
  readonly firstMs: number;
  readonly longestMs: number;
}

export const defaultPauses: Pauses = { firstMs: 250, longestMs: 10_000 };

/** Full jitter: anything up to the limit, so that clients that failed together do not come back together. */
export function jittered({ firstMs, longestMs }: Pauses, failures: number): number {
  return Math.random() * Math.min(longestMs, firstMs * 2 ** Math.min(failures - 1, 30));
}

/** Waits; throws the signal's reason if it is aborted meanwhile. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  await wait(ms, undefined, signal === undefined ? {} : { signal }).catch(() => signal?.throwIfAborted());
}
