import { KonvergeError } from './error.ts';

const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  sec: 1000,
  secs: 1000,
  second: 1000,
  seconds: 1000,
  m: 60_000,
  min: 60_000,
  mins: 60_000,
  minute: 60_000,
  minutes: 60_000,
  h: 3_600_000,
  hr: 3_600_000,
  hrs: 3_600_000,
  hour: 3_600_000,
  hours: 3_600_000,
  d: 86_400_000,
  day: 86_400_000,
  days: 86_400_000,
  w: 604_800_000,
  week: 604_800_000,
  weeks: 604_800_000,
};

/**
 * Milliseconds of a `runtime`: a number is minutes (Snakemake's unit), a string is a sum of parts such as `1h30m`,
 * `2d`, `90s` or `1h 30m`; a string that is a bare number is minutes too. Throws `runtime-invalid`.
 */
export function parseRuntimeMs(value: string | number, where: string): number {
  const refuse = (): KonvergeError =>
    new KonvergeError('runtime-invalid', `${where}: cannot read the runtime ${JSON.stringify(value)}`);
  if (typeof value === 'number' || /^\s*\d+(\.\d+)?\s*$/.test(value)) {
    const minutes = Number(value);
    if (!Number.isFinite(minutes) || minutes <= 0) throw refuse();
    return Math.round(minutes * 60_000);
  }
  const text = value.trim().toLowerCase();
  if (!/^(\d+(\.\d+)?\s*[a-z]+[\s,]*)+$/.test(text)) throw refuse();
  let totalMs = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)\s*([a-z]+)/g)) {
    const factor = unitMs[unit ?? ''];
    if (factor === undefined) throw refuse();
    totalMs += Number(amount) * factor;
  }
  if (totalMs <= 0) throw refuse();
  return Math.round(totalMs);
}
