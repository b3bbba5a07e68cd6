import { lookup } from 'node:dns/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { KonvergeError } from '../../domain/error.ts';

/** For how long the names of pods that are ready may be unknown: servers of names keep a negative answer for half a minute. */
const patienceMs = 90_000;
const pauseMs = 100;

/**
 * Resolves when each of these hosts has an address. A pod is ready before its name is known everywhere, and the commands of a step
 * have no reason to expect that. Rejects with `workload-lost`, or if `stop` is aborted.
 */
export async function hostsAreKnown(hosts: readonly string[], stop: AbortSignal, limitMs = patienceMs): Promise<void> {
  const endMs = performance.now() + limitMs;
  await Promise.all(hosts.map((host) => isKnown(host, stop, endMs)));
}

async function isKnown(host: string, stop: AbortSignal, endMs: number): Promise<void> {
  for (;;) {
    try {
      await lookup(host);
      return;
    } catch (error) {
      stop.throwIfAborted();
      if (performance.now() > endMs) {
        const { code = String(error) } = error as NodeJS.ErrnoException;
        throw new KonvergeError('workload-lost', `the host ${host} of another pod of the step is not known (${code})`);
      }
      await pause(pauseMs, undefined, { signal: stop });
    }
  }
}
