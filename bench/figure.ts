/** One number beside its target. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly target: string;
  readonly holds: boolean;
  /** How it was measured: sizes, runs, spread. */
  readonly detail: string;
}

/** A bench says what it does while it does it. `rounds`: how often it measures, of those that can be told (main.ts). */
export type Bench = (say: (line: string) => void, rounds: number) => Promise<readonly Figure[]>;

export function atMost(name: string, value: number, unit: string, limit: number, detail: string): Figure {
  return { name, value: rounded(value), unit, target: `<= ${limit}`, holds: value <= limit, detail };
}

export function atLeast(name: string, value: number, unit: string, limit: number, detail: string): Figure {
  return { name, value: rounded(value), unit, target: `>= ${limit}`, holds: value >= limit, detail };
}

/** One that is told for what it is, and has no target. */
export function noted(name: string, value: number, unit: string, detail: string): Figure {
  return { name, value: rounded(value), unit, target: 'none', holds: true, detail };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle];
  const lower = sorted.length % 2 === 0 ? sorted[middle - 1] : upper;
  if (upper === undefined || lower === undefined) throw new Error('no runs, no median');
  return (lower + upper) / 2;
}

/** `7.1, 7.3, 7.7`: every run, so that the spread can be seen. */
export function listed(values: readonly number[]): string {
  return values.map((value) => String(rounded(value))).join(', ');
}

function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
