import { CallFailure } from './call-failure.ts';
import { defaultPauses, jittered, type Pauses, pause } from './pause.ts';

export interface Patience {
  /** For how long to repeat what may pass by itself. */
  readonly patienceMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly pauses?: Pauses;
  /** Told before each pause. */
  readonly repeating?: (failure: CallFailure, waitMs: number) => void;
}

/**
 * Calls `attempt` until it succeeds, fails with what does not pass by itself, or the patience is used up; then throws that
 * failure. `remainingMs` is what is left of the patience. An aborted signal ends it at once, with its reason.
 */
export async function withPatience<Result>(
  { patienceMs, signal, pauses = defaultPauses, repeating }: Patience,
  attempt: (remainingMs: number) => Promise<Result>,
): Promise<Result> {
  const begin = performance.now();
  const remainingMs = () => patienceMs - (performance.now() - begin);
  for (let tries = 1; ; tries += 1) {
    signal?.throwIfAborted();
    try {
      return await attempt(remainingMs());
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof CallFailure) || !mayPass(error)) throw error;
      // The server's wish is a lower bound; jitter on top, or all its clients would come back at once.
      const waitMs = (error.retryAfterMs ?? 0) + jittered(pauses, tries);
      if (waitMs >= remainingMs()) throw error;
      repeating?.(error, waitMs);
      await pause(waitMs, signal);
    }
  }
}

/**
 * What may pass by itself: a network or server that comes back, a server that asks to slow down, and a webhook that does not
 * answer (the API says so with a 500). Not: certificates, missing credentials, and any refusal.
 */
export function mayPass({ kind, status = 0 }: CallFailure): boolean {
  if (kind === 'answer') return status === 408 || status === 429 || (status >= 500 && status !== 501 && status !== 505);
  return kind === 'network' || kind === 'silence' || kind === 'garbage';
}
