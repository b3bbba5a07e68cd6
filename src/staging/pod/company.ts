import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

const lookEveryMs = 500;
/** The pod's first process, where containers share their processes: it outlives all others. */
const podProcess = 1;

/**
 * Resolves when there has been another container's process in the pod, and there is none any more. For pods whose containers share
 * their processes. One that has not begun yet, such as one whose image is being pulled, is waited for.
 */
export async function untilAlone(signal: AbortSignal): Promise<void> {
  let hadCompany = false;
  while (!signal.aborted) {
    const others = othersIn(processes(), process.pid);
    if (others > 0) hadCompany = true;
    else if (hadCompany) return;
    await pause(lookEveryMs, undefined, { signal }).catch(() => undefined);
  }
}

interface Process {
  readonly id: number;
  readonly parent: number;
}

/** How many there are besides the pod's first one, `own`, what that was started by, and what it has started. */
export function othersIn(all: readonly Process[], own: number): number {
  const parents = new Map(all.map(({ id, parent }) => [id, parent]));
  const lineOf = (id: number): readonly number[] => {
    const line: number[] = [];
    for (let next: number | undefined = id; next !== undefined && next > podProcess; next = parents.get(next))
      line.push(next);
    return line;
  };
  const ours = new Set(lineOf(own));
  return all.filter(({ id }) => id !== podProcess && !ours.has(id) && !lineOf(id).includes(own)).length;
}

function processes(): readonly Process[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const [state, parent] = readFileSync(`/proc/${name}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ');
      return state === 'Z' || state === 'X' ? [] : [{ id: Number(name), parent: Number(parent) }];
    } catch {
      // It has ended.
      return [];
    }
  });
}
