/**
 * What a step's wrapper (wrapper.ts) writes about it, line by line:
 *
 *     NOTE                          JSON of `StepNote`, given to it by the core
 *     1234 (sh) S …                 its own /proc/<pid>/stat
 *     begun 5678.90                 seconds since boot
 *     command 0 5679.10             per command: exit code, seconds since boot,
 *     0m0.00s 0m0.00s               then `times`: the shell's own,
 *     0m1.20s 0m0.10s               and that of all commands so far
 *     end 0                         the step's exit code; or `end nodir`, or `refused`
 *
 * The file is complete when its last line is: it may be read while it is written.
 */
export interface StatusFile {
  readonly note: StepNote;
  readonly pid: number;
  /** Clock ticks after boot at which the wrapper started: with the pid and the boot, the identity of a process. */
  readonly startTicks: string;
  readonly begunUptimeMs: number;
  readonly commands: readonly CommandRecord[];
  readonly end?: number | 'refused' | 'nodir';
}

export interface StepNote {
  readonly bootId: string;
  readonly queue: string;
  /** Directories of the control groups that the step is in. */
  readonly cgroups: readonly string[];
  /** Whether one of them holds every process of the step. */
  readonly tracked: boolean;
  readonly memoryCgroup?: string;
  readonly gpus: readonly number[];
  /** Containers to be ended by name, since their processes belong to a daemon. */
  readonly containers?: { readonly runtime: string; readonly names: readonly string[] };
}

export interface CommandRecord {
  readonly exitCode: number;
  readonly endUptimeMs: number;
  /** User and system time of this command and what it waited for. */
  readonly cpuMs: number;
}

/** The file as far as it is written; undefined while its first three lines are not all there. */
export function parseStatusFile(text: string): StatusFile | undefined {
  const lines = text.split('\n');
  // What follows the last newline is not complete.
  lines.pop();
  const [noteLine, statLine, begunLine, ...rest] = lines;
  const stat = statLine === undefined ? undefined : parseStat(statLine);
  const begun = /^begun ([\d.]+)$/.exec(begunLine ?? '')?.[1];
  const note = parseNote(noteLine);
  if (stat === undefined || begun === undefined || note === undefined) return undefined;
  const commands: CommandRecord[] = [];
  let cpuSoFarMs = 0;
  let end: StatusFile['end'];
  for (const [index, line] of rest.entries()) {
    const command = /^command (\d+) ([\d.]+)$/.exec(line);
    const children = rest[index + 2];
    if (command && children !== undefined) {
      const cpuMs = parseTimes(children);
      commands.push({
        exitCode: Number(command[1]),
        endUptimeMs: Math.round(Number(command[2]) * 1000),
        cpuMs: Math.max(0, cpuMs - cpuSoFarMs),
      });
      cpuSoFarMs = cpuMs;
    }
    const endWord = /^end (\d+|nodir)$/.exec(line)?.[1];
    if (endWord !== undefined) end = endWord === 'nodir' ? 'nodir' : Number(endWord);
    if (line === 'refused') end = 'refused';
  }
  return {
    note,
    pid: stat.pid,
    startTicks: stat.startTicks,
    begunUptimeMs: Math.round(Number(begun) * 1000),
    commands,
    ...(end === undefined ? {} : { end }),
  };
}

/** The fields of /proc/<pid>/stat that we use; the name in parentheses may hold anything, so count from its end. */
export interface ProcessStat {
  readonly pid: number;
  readonly state: string;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  readonly flags: number;
  readonly startTicks: string;
  readonly vmsBytes: number;
  readonly rssPages: number;
}

export function parseStat(line: string): ProcessStat | undefined {
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
  const startTicks = fields[19];
  if (startTicks === undefined) return undefined;
  return {
    pid: Number.parseInt(line, 10),
    state: fields[0] ?? '',
    parent: Number(fields[1]),
    group: Number(fields[2]),
    session: Number(fields[3]),
    flags: Number(fields[6]),
    startTicks,
    vmsBytes: Number(fields[20]),
    rssPages: Number(fields[21]),
  };
}

/** `0m1.20s 0m0.10s`, user and system, in milliseconds. dash, bash and busybox differ in the number of decimals only. */
function parseTimes(line: string): number {
  let totalMs = 0;
  for (const [, minutes, seconds] of line.matchAll(/(\d+)m([\d.]+)s/g)) {
    totalMs += Number(minutes) * 60_000 + Number(seconds) * 1000;
  }
  return Math.round(totalMs);
}

function parseNote(line: string | undefined): StepNote | undefined {
  if (line === undefined || !line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as StepNote;
  } catch {
    return undefined;
  }
}
