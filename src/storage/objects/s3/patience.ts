import { setTimeout as pause } from 'node:timers/promises';

/** How long a request is repeated before it counts as failed. */
export interface Patience {
  /** Tries of a request that the store answers with an error of its own (500), or that came too late. */
  readonly tries: number;
  /**
   * How long a request is repeated while the store asks to slow down or cannot be reached, at least `tries` times. Long
   * enough for a restart of the store, or a proxy before it.
   */
  readonly waitMs: number;
  /** The first pause is at most this, each further one at most twice as long. */
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
  /** Silence on a connection after which it counts as lost. Completing a large upload may take the store a while. */
  readonly silenceMs: number;
  /** For a connection to be made. */
  readonly connectMs: number;
}

export const defaultPatience: Patience = {
  tries: 5,
  waitMs: 60_000,
  firstPauseMs: 100,
  longestPauseMs: 8000,
  silenceMs: 120_000,
  connectMs: 10_000,
};

/**
 * What an error says of trying again: `never` mends itself, `again` may be gone at once, `wait` needs time.
 */
export type Prospect = 'never' | 'again' | 'wait';

/**
 * Calls `attempt` until it succeeds or its error has no prospect any more; then throws that error. An aborted signal ends
 * it at once, with the signal's reason.
 */
export async function withPatience<Result>(
  patience: Patience,
  attempt: () => Promise<Result>,
  prospectOf: (error: unknown) => { readonly prospect: Prospect; readonly retryAfterMs?: number },
  signal?: AbortSignal,
): Promise<Result> {
  const begin = performance.now();
  for (let tries = 1; ; tries += 1) {
    signal?.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      signal?.throwIfAborted();
      const { prospect, retryAfterMs = 0 } = prospectOf(error);
      if (prospect === 'never') throw error;
      const waited = performance.now() - begin;
      if (tries >= patience.tries && (prospect === 'again' || waited >= patience.waitMs)) throw error;
      await pause(Math.max(jittered(patience, tries), Math.min(retryAfterMs, patience.longestPauseMs)), undefined, {
        signal,
      }).catch(() => signal?.throwIfAborted());
    }
  }
}

/** Full jitter: anything between nothing and the limit, so that clients that failed together do not come back together. */
function jittered({ firstPauseMs, longestPauseMs }: Patience, tries: number): number {
  return Math.random() * Math.min(longestPauseMs, firstPauseMs * 2 ** (tries - 1));
}
