import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** Of a daemon that was started. A pid alone may be another process by now: pids are used again. */
export interface ProcessRecord {
  readonly pid: number;
  /** Clock ticks since the machine started, as in field 22 of /proc/PID/stat. */
  readonly startTime: string;
  /** Of the command, its environment and its files. */
  readonly fingerprint: string;
}

/** @param stat  text of /proc/PID/stat; the name of the program, in brackets, may hold anything */
export function parseStat(stat: string): { readonly state: string; readonly startTime: string } {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0] ?? '', startTime: fields[19] ?? '' };
}

/** undefined: there is none, or it has ended and waits for its parent */
export function startTimeOf(pid: number): string | undefined {
  try {
    const { state, startTime } = parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    return hasEnded(pid, state) ? undefined : startTime;
  } catch {
    return undefined;
  }
}

/** While a process ends, its first thread is a zombie already, and others still hold its ports. */
function hasEnded(pid: number, state: string): boolean {
  if (state === 'X') return true;
  return state === 'Z' && readdirSync(`/proc/${pid}/task`).length <= 1;
}

export function lives(record: Pick<ProcessRecord, 'pid' | 'startTime'>): boolean {
  return startTimeOf(record.pid) === record.startTime;
}

/** The record of a daemon if it still runs. */
export function readLiving(folder: string, name: string): ProcessRecord | undefined {
  const file = path.join(folder, `${name}.json`);
  if (!existsSync(file)) return undefined;
  const record = JSON.parse(readFileSync(file, 'utf8')) as ProcessRecord;
  return lives(record) ? record : undefined;
}

export async function writeRecord(folder: string, name: string, record: ProcessRecord): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, `${name}.json`), JSON.stringify(record));
}

export async function removeRecord(folder: string, name: string): Promise<void> {
  await rm(path.join(folder, `${name}.json`), { force: true });
}
