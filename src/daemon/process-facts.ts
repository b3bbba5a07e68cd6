import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import type { SessionRecord } from '../ports/run-store.ts';

/** Whether the front end of a session may still live; on another host that cannot be seen, so it may. */
export function isFrontEndAlive(session: SessionRecord): boolean {
  if (session.host !== hostname()) return true;
  return isProcessAlive(session.pid);
}

/** A zombie has ended: only its parent has not asked yet. */
export function isProcessAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3) !== 'Z';
  } catch {
    return false;
  }
}
