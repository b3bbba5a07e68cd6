import { setTimeout as pause } from 'node:timers/promises';
import type { KonvergeError } from '../../domain/error.ts';

/** The client has asked once, and once more with credentials that it has read anew. A person has to log in meanwhile. */
const deniedPauseMs = 5000;

/**
 * Whether a call that failed may succeed later without anybody changing what it asks for: the server is away, a webhook is, or
 * the credentials have expired, which a log-in or a token that is written anew mends. Steps wait for that; nothing is lost.
 */
export function isOutage({ code }: Pick<KonvergeError, 'code'>): boolean {
  return code === 'cluster-unreachable' || code === 'cluster-unavailable' || code === 'cluster-denied';
}

/** The same, after the pause that the client has not made itself. False if the signal ends it. */
export async function waitOut(error: Pick<KonvergeError, 'code'>, signal: AbortSignal): Promise<boolean> {
  if (!isOutage(error)) return false;
  if (error.code === 'cluster-denied') await pause(deniedPauseMs, undefined, { signal }).catch(() => undefined);
  return !signal.aborted;
}
