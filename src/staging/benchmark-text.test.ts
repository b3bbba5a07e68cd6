import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { benchmarkText } from './benchmark-text.ts';

// golden/ was written by snakemake.benchmark of Snakemake 9.27 from these figures.
const usage = [
  {
    wallMs: 65_000,
    cpuMs: 32_500,
    maxRssBytes: 131_072,
    maxVmsBytes: 393_216,
    maxUssBytes: 655_360,
    ioReadBytes: 0,
    ioWriteBytes: 5 * 1024 * 1024 + 7,
  },
  { wallMs: 0 },
  { wallMs: 90_061_001.5, maxRssBytes: 1024 * 1024 },
  { wallMs: 2 * 86_400_000 + 5, cpuMs: 0 },
];
const extended = {
  jobid: '7',
  ruleName: 'sort',
  wildcards: { sample: 'it\'s "A"', ü: 'x' },
  params: { n: 1, f: 0.000_01, l: ['a', true, null], t: 'a\tb' },
  threads: 2,
  resources: { mem_mb: 1000, tmpdir: '/tmp' },
};

test.each(['tsv', 'jsonl'] as const)('a benchmark in %s is byte for byte as Snakemake writes it', (format) => {
  const golden = (name: string): string =>
    readFileSync(new URL(`golden/benchmark-${name}.${format}`, import.meta.url), 'utf8');
  expect(benchmarkText({ format }, usage, {})).toBe(golden('basic'));
  expect(benchmarkText({ format, extended }, usage, { 'in/a.txt': 0.5, b: 3 })).toBe(golden('extended'));
});
