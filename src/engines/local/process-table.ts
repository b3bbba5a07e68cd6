import { readdirSync, readFileSync } from 'node:fs';
import { type ProcessStat, parseStat } from './status-file.ts';

/** One process of /proc, or undefined if it is gone. */
export function readProcess(pid: number): ProcessStat | undefined {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return undefined;
  }
}

/** Whether this very process still runs: the start time tells it from a later one with the same id. */
export function isAlive(pid: number, startTicks: string): boolean {
  const found = readProcess(pid);
  return found !== undefined && found.startTicks === startTicks && found.state !== 'Z' && found.state !== 'X';
}

export function processIds(): number[] {
  return readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []));
}

/** All processes of the moment. A few milliseconds on a full machine: for timers and rare paths, not for each step. */
export function readProcessTable(): ProcessStat[] {
  return processIds().flatMap((pid) => readProcess(pid) ?? []);
}

/** A process, what it started, and what else is in its session. */
export function treeOf(leader: number, table: readonly ProcessStat[]): ProcessStat[] {
  const inTree = new Set([leader]);
  for (const { pid, session } of table) if (session === leader) inTree.add(pid);
  // A child may stand before its parent in the table: repeat until nothing is added.
  for (let grown = true; grown; ) {
    grown = false;
    for (const { pid, parent } of table) {
      if (inTree.has(pid) || !inTree.has(parent)) continue;
      inTree.add(pid);
      grown = true;
    }
  }
  return table.filter(({ pid, state }) => inTree.has(pid) && state !== 'Z');
}
