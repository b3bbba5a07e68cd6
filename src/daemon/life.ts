import type { Core } from '../app/core.ts';
import type { Clock } from '../ports/clock.ts';

const tickMs = 1000;
/** A core that has just been started waits this long for its first session. */
const firstSessionMs = 30_000;

/**
 * How long a core lives (design.md 12.9).
 *
 * attached
 *   A front end is there; the core lives.
 * following
 *   None is there, but steps run: the core follows them and starts nothing new.
 * over
 *   None is there and nothing runs: the core ends. What is queued stays in the store, and is dropped or asked for again by
 *   the next session.
 */
export function watchLife(core: Core, clock: Clock, onOver: () => void): { check(): void; stop(): void } {
  const startedMs = clock.nowMs();
  const check = (): void => {
    core.expireSession();
    if (core.sessions.attached) return;
    if (core.runningCount > 0) return;
    if (!core.sessions.anyOpened && clock.nowMs() - startedMs < firstSessionMs) return;
    onOver();
  };
  const timer = setInterval(check, tickMs);
  return { check, stop: () => clearInterval(timer) };
}
