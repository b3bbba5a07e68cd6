import { statSync } from 'node:fs';
import { connect } from 'node:net';
import { isAbsolute, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type ServiceReplica, serviceHost } from './service-ports.ts';

/** The clock of file systems runs a few milliseconds behind the system's. */
const fileClockLagMs = 100;

/** Waits until a service answers: true; false when its time is over or `signal` aborts. */
export async function waitUntilReady(
  replica: ServiceReplica,
  cwd: string,
  startedAtMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  const { ready, startTimeoutMs } = replica.service;
  const untilMs = performance.now() + startTimeoutMs;
  for (let waitMs = 10; ; waitMs = Math.min(waitMs * 2, 250)) {
    if (signal.aborted) return false;
    const answers =
      ready.kind === 'tcp'
        ? await accepts(replica.port)
        : appearedSince(isAbsolute(ready.path) ? ready.path : join(cwd, ready.path), startedAtMs - fileClockLagMs);
    if (answers) return true;
    const leftMs = untilMs - performance.now();
    if (leftMs <= 0) return false;
    await pause(Math.min(waitMs, leftMs), undefined, { signal }).catch(() => undefined);
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: serviceHost, port });
    const answer = (yes: boolean): void => {
      socket.destroy();
      resolve(yes);
    };
    socket.once('connect', () => answer(true));
    socket.once('error', () => answer(false));
    socket.setTimeout(1000, () => answer(false));
  });
}

/** A file of an earlier run says nothing of this one. */
function appearedSince(path: string, sinceMs: number): boolean {
  try {
    return statSync(path).mtimeMs >= sinceMs;
  } catch {
    return false;
  }
}
