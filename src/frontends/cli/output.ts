import { asKonvergeError } from '../../domain/error.ts';
import type { CliContext } from './context.ts';
import { exitCodes } from './exit-codes.ts';

/** A line for a person. */
export function say(context: CliContext, line: string): void {
  context.process.stdout.write(`${line}\n`);
}

/** One JSON value for a program. */
export function sayJson(context: CliContext, value: unknown): void {
  context.process.stdout.write(`${JSON.stringify(value)}\n`);
}

/** Runs a command's work; an error of ours is printed as code, message and hint, and ends with `refused`. */
export async function reporting(context: CliContext, json: boolean, work: () => Promise<number>): Promise<void> {
  try {
    context.process.exitCode = await work();
  } catch (thrown) {
    const error = asKonvergeError(thrown);
    if (json) sayJson(context, { error: error.toBody() });
    else context.process.stderr.write(`konverge: ${error.code}: ${error.message}\n  ${error.hint}\n`);
    context.process.exitCode = exitCodes.refused.code;
  }
}

/** Columns as wide as their widest cell; the last one is not padded. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, cell.length);
  }
  return rows.map((row) =>
    row
      .map((cell, index) => (index === row.length - 1 ? cell : cell.padEnd(widths[index] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}

/** `0.4 s`, `12 s`, `3 min 05 s`, `2 h 10 min`. */
export function formatDuration(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${String(Math.floor(seconds % 60)).padStart(2, '0')} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}
