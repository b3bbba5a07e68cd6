import { KonvergeError } from '../domain/error.ts';
import { parseRuntimeMs } from '../domain/runtime.ts';

/** Settings count in seconds where Snakemake's runtime counts in minutes; a string may carry its own unit. */
export function secondsMs(value: number | string, where: string): number {
  if (typeof value === 'number' || /^\s*\d+(\.\d+)?\s*$/.test(value)) return Number(value) * 1000;
  try {
    return parseRuntimeMs(value, where);
  } catch (cause) {
    throw new KonvergeError('config-invalid', (cause as Error).message, { cause });
  }
}
