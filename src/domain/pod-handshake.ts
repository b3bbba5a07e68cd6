import { type ErrorCode, errorTable } from './error-table.ts';
import type { ManifestRef } from './manifest.ts';
import type { PodReport } from './pod-job.ts';
import type { Usage } from './step.ts';

/** What the agent tells the wrapper through `marks/staged`. */
export const stagedWords = { go: 'go', stop: 'stop' } as const;

/**
 * The end of a step's commands, as the wrapper writes it into `marks/ended`, line by line:
 *
 *     begun 5678.90                 seconds since boot; then figures of the container's control group, where it can be read:
 *     memory 123456                 most bytes so far
 *     oom_kill 0                    processes that the kernel has killed for want of memory
 *     cpu usage_usec 1200000        the lines of cpu.stat
 *     io 8:0 rbytes=1 wbytes=2 …    the lines of io.stat
 *     command 0 5679.10             per command: exit code, seconds since boot,
 *     0m0.00s 0m0.00s               then `times`: the shell's own,
 *     0m1.20s 0m0.10s               and that of all commands so far; then the figures again
 *     exit 0                        the step's exit code: of the first command that failed, or 143 if a signal kept one back
 *     end                           or `end nodir`: the working directory cannot be entered
 *
 * Where there are hooks (pod-wrapper.ts), one that fails writes `refused CODE MESSAGE`, and the wrapper `refused`; if the step fails of
 * it, there is no line `exit`.
 */
export interface PodEnd {
  /** Zero only if all commands ran and succeeded; absent if `refused`. */
  readonly exitCode?: number;
  /** One per command that ran. */
  readonly usage: readonly Usage[];
  /** The kernel has killed a process of the commands for want of memory. */
  readonly outOfMemory?: true;
  /** Why no command could run, or why its success is none. */
  readonly refused?: 'nodir' | PodRefusal;
}

/** What a hook says. */
export interface PodRefusal {
  readonly code: ErrorCode;
  readonly message: string;
}

/** Undefined as long as the file is not complete. What cannot be read in it counts as a figure that could not be had. */
export function parsePodEnd(text: string): PodEnd | undefined {
  const lines = text.split('\n');
  const endIndex = lines.findLastIndex((line) => line === 'end' || line === 'end nodir');
  // What follows the last newline is not complete.
  if (endIndex === -1 || endIndex === lines.length - 1) return undefined;
  if (lines[endIndex] === 'end nodir') return { usage: [], refused: 'nodir' };
  const blocks = blocksOf(lines.slice(0, endIndex));
  const usage = blocks.slice(1).map((block, n) => usageOf(blocks[n] ?? nothing, block));
  const kills = blocks.map((block) => block.kills ?? 0);
  const outOfMemory = Math.max(...kills) > (kills[0] ?? 0) ? { outOfMemory: true as const } : {};
  const exit = /^exit (\d+)$/.exec(lines[endIndex - 1] ?? '')?.[1];
  const refused = exit === undefined ? refusalOf(lines) : undefined;
  if (refused) return { usage, refused };
  // Somebody else has written to the file.
  return { usage, ...outOfMemory, exitCode: exit === undefined ? 255 : Number(exit) };
}

function refusalOf(lines: readonly string[]): PodRefusal | undefined {
  const said = lines.filter((line) => /^refused( |$)/.test(line));
  if (said.length === 0) return undefined;
  for (const line of said) {
    const [, code = '', message = ''] = /^refused (\S+) (.+)$/.exec(line) ?? [];
    if (Object.hasOwn(errorTable, code)) return { code: code as ErrorCode, message };
  }
  return {
    code: 'internal',
    message: 'what has to be done before or after the commands has failed, and does not say why',
  };
}

/** What was known at one moment: the beginning, or the end of a command. Figures are those since the container began. */
interface Block {
  uptimeMs: number;
  timesMs: number;
  cpuMs?: number;
  memoryBytes?: number;
  kills?: number;
  readBytes?: number;
  writtenBytes?: number;
}

const nothing: Block = { uptimeMs: 0, timesMs: 0 };

function blocksOf(lines: readonly string[]): readonly Block[] {
  const blocks: Block[] = [{ ...nothing }];
  for (const line of lines) {
    const block = blocks.at(-1) as Block;
    const [word, first = '', second = ''] = line.split(' ');
    if (word === 'begun') block.uptimeMs = amount(first) * 1000;
    else if (word === 'command') blocks.push({ uptimeMs: amount(second) * 1000, timesMs: 0 });
    else if (word === 'memory') block.memoryBytes = amount(first);
    else if (word === 'oom_kill') block.kills = amount(first);
    else if (word === 'cpu' && first === 'usage_usec') block.cpuMs = amount(second) / 1000;
    else if (word === 'io') addIo(block, line);
    // The last line of `times` is that of the commands.
    else if (timesPattern.test(line)) block.timesMs = timesOf(line);
  }
  return blocks;
}

function addIo(block: Block, line: string): void {
  for (const [, kind, bytes = ''] of line.matchAll(/ ([rw])bytes=(\d+)/g)) {
    if (kind === 'r') block.readBytes = (block.readBytes ?? 0) + amount(bytes);
    else block.writtenBytes = (block.writtenBytes ?? 0) + amount(bytes);
  }
}

const timesPattern = /^\d+m[\d.]+s \d+m[\d.]+s$/;

/** dash, bash and busybox differ in the number of decimals only. */
function timesOf(line: string): number {
  let totalMs = 0;
  for (const [, minutes = '', seconds = ''] of line.matchAll(/(\d+)m([\d.]+)s/g)) {
    totalMs += amount(minutes) * 60_000 + amount(seconds) * 1000;
  }
  return totalMs;
}

function amount(text: string): number {
  const value = Number(text);
  return Number.isFinite(value) && value >= 0 ? value : 0;
}

function usageOf(before: Block, after: Block): Usage {
  const since = (then: number | undefined, now: number | undefined): number | undefined =>
    now === undefined ? undefined : Math.max(0, Math.round(now - (then ?? 0)));
  // The group's figure has the processes that nobody waited for too.
  const cpuMs = since(before.cpuMs, after.cpuMs) ?? Math.max(0, Math.round(after.timesMs - before.timesMs));
  const ioReadBytes = since(before.readBytes, after.readBytes);
  const ioWriteBytes = since(before.writtenBytes, after.writtenBytes);
  return {
    wallMs: Math.max(0, Math.round(after.uptimeMs - before.uptimeMs)),
    cpuMs,
    ...(after.memoryBytes !== undefined && { maxRssBytes: after.memoryBytes }),
    ...(ioReadBytes !== undefined && { ioReadBytes }),
    ...(ioWriteBytes !== undefined && { ioWriteBytes }),
  };
}

/** The most that a termination message may hold. */
export const maxReportBytes = 4096;

const cutMark = '[cut] ';

/**
 * The report as one line of ASCII, at most `maxReportBytes` long, since the wrapper reads it with a shell's `read`. What is
 * too long loses, in this order: the beginning of the tail, the end of the error's message and hint, the figures of the last
 * commands. The exit code, the manifest and the error's code always stay.
 */
export function serializePodReport(report: PodReport): string {
  let shown = report;
  const shorten = (texts: readonly ((kept: number) => PodReport)[], longest: readonly number[]): string | undefined => {
    for (const [n, cut] of texts.entries()) {
      const kept = largest(longest[n] ?? 0, (count) => asciiJson(cut(count)).length <= maxReportBytes);
      shown = cut(Math.max(kept, 0));
      if (kept >= 0) return asciiJson(shown);
    }
    return undefined;
  };
  const whole = asciiJson(report);
  if (whole.length <= maxReportBytes) return whole;
  const { tail = '', error } = report;
  const line = shorten(
    [
      (kept) => withTail(shown, tail, kept),
      (kept) => withError(shown, { message: cutEnd(error?.message ?? '', kept) }),
      (kept) => withError(shown, { hint: cutEnd(error?.hint ?? '', kept) }),
      (kept) => ({ ...shown, usage: report.usage.slice(0, kept) }),
    ],
    [tail.length, error?.message.length ?? 0, error?.hint.length ?? 0, report.usage.length],
  );
  return line ?? asciiJson({ version: 1, usage: [], error: tooLong });
}

const tooLong = {
  code: 'internal',
  message: 'the report of the step is too long for its pod to tell',
  hint: errorTable.internal.hint,
} as const;

function withTail(report: PodReport, tail: string, kept: number): PodReport {
  const { tail: _, ...rest } = report;
  if (kept === 0 || tail === '') return rest;
  return { ...rest, tail: kept >= tail.length ? tail : `${cutMark}${wholeCharacters(tail.slice(-kept))}` };
}

function withError(report: PodReport, texts: { readonly message?: string; readonly hint?: string }): PodReport {
  return report.error === undefined ? report : { ...report, error: { ...report.error, ...texts } };
}

function cutEnd(text: string, kept: number): string {
  return kept >= text.length ? text : `${wholeCharacters(text.slice(0, kept))} [cut]`;
}

/** Without half a surrogate pair at either end. */
function wholeCharacters(text: string): string {
  return text.replace(/^[\uDC00-\uDFFF]/, '').replace(/[\uD800-\uDBFF]$/, '');
}

/** The largest number from 0 to `most` that fits; -1 if none does. What fits, fits when it is shorter. */
function largest(most: number, fits: (count: number) => boolean): number {
  // Nothing cut has no mark, so it may fit where a shorter one does not.
  if (fits(most)) return most;
  let low = -1;
  let high = most;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (fits(middle)) low = middle;
    else high = middle;
  }
  return low;
}

function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Undefined if it is none of ours: the step's own container wrote it, so nothing about it is certain. */
export function parsePodReport(text: string): PodReport | undefined {
  const value = objectOf(text);
  if (value === undefined || value['version'] !== 1) return undefined;
  const { exitCode, outOfMemory, tail } = value;
  const manifest = manifestOf(value['manifest']);
  const error = errorOf(value['error']);
  return {
    version: 1,
    ...(typeof exitCode === 'number' && Number.isInteger(exitCode) && { exitCode }),
    ...(outOfMemory === true && { outOfMemory }),
    ...(manifest && { manifest }),
    usage: Array.isArray(value['usage']) ? value['usage'].flatMap(usageFrom) : [],
    ...(error && { error }),
    ...(typeof tail === 'string' && { tail }),
  };
}

type Unknown = Readonly<Record<string, unknown>>;

function objectOf(text: string): Unknown | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Unknown {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function manifestOf(value: unknown): ManifestRef | undefined {
  if (!isObject(value) || !isObject(value['at'])) return undefined;
  const { store, bucket, key } = value['at'];
  if (typeof store !== 'string' || typeof bucket !== 'string' || typeof key !== 'string') return undefined;
  return { at: { store, bucket, key } };
}

function errorOf(value: unknown): PodReport['error'] {
  if (!isObject(value)) return undefined;
  const { code, message, hint } = value;
  if (typeof code !== 'string' || typeof message !== 'string' || typeof hint !== 'string') return undefined;
  return { code: Object.hasOwn(errorTable, code) ? (code as ErrorCode) : 'internal', message, hint };
}

const figures = [
  'cpuMs',
  'maxRssBytes',
  'maxVmsBytes',
  'maxUssBytes',
  'maxPssBytes',
  'ioReadBytes',
  'ioWriteBytes',
] as const satisfies readonly (keyof Usage)[];

function usageFrom(value: unknown): readonly Usage[] {
  if (!isObject(value)) return [];
  const isFigure = (figure: unknown): figure is number =>
    typeof figure === 'number' && Number.isFinite(figure) && figure >= 0;
  const { wallMs } = value;
  if (!isFigure(wallMs)) return [];
  const others = figures.flatMap((name) => (isFigure(value[name]) ? [[name, value[name]]] : []));
  return [{ wallMs, ...(Object.fromEntries(others) as Omit<Usage, 'wallMs'>) }];
}
