import { parseArgs } from 'node:util';
import { runMain, Stop } from '../tools/setup/stop.mjs';
import { coreThroughput } from './core-throughput.ts';
import type { Bench, Figure } from './figure.ts';
import { k8sApiLoad } from './k8s-api-load.ts';
import { k8sKinds } from './k8s-kinds.ts';
import { k8sLatency } from './k8s-latency.ts';
import { k8sVsPeer } from './k8s-vs-peer.ts';
import { localVsSnakemake } from './local-vs-snakemake.ts';
import { staging } from './staging.ts';
import { storageOverhead } from './storage-overhead.ts';

interface Entry {
  readonly run: Bench;
  /** Of those that can be told how often to measure: what they do untold. */
  readonly rounds?: number;
}

/** Every number we claim, as a command: `npm run bench -- NAME [--json] [--rounds N]`. */
const benches: Readonly<Record<string, Entry>> = {
  'local-vs-snakemake': { run: localVsSnakemake },
  'core-throughput': { run: coreThroughput },
  staging: { run: staging },
  'storage-overhead': { run: storageOverhead },
  'k8s-latency': { run: k8sLatency, rounds: 20 },
  'k8s-api-load': { run: k8sApiLoad },
  'k8s-kinds': { run: k8sKinds, rounds: 10 },
  'k8s-vs-peer': { run: k8sVsPeer, rounds: 3 },
};

const usage = 'usage: npm run bench -- NAME [--json] [--rounds N]';

await runMain(async () => {
  const { name, bench, json, rounds } = parse(process.argv.slice(2));
  if (bench.rounds !== undefined) process.stderr.write(`${name}: rounds: ${rounds}\n`);
  const figures = await bench.run((line) => process.stderr.write(`${line}\n`), rounds);
  if (!json) for (const figure of figures) process.stdout.write(`${sentence(figure)}\n`);
  // The last line, whatever else was printed, is for programs.
  process.stdout.write(`${JSON.stringify(figures)}\n`);
  return figures.every(({ holds }) => holds) ? 0 : 1;
});

interface Call {
  readonly name: string;
  readonly bench: Entry;
  readonly json: boolean;
  readonly rounds: number;
}

function parse(args: string[]): Call {
  const { values, positionals } = wordsOf(args);
  const [name = '', ...others] = positionals;
  const bench = Object.hasOwn(benches, name) ? benches[name] : undefined;
  if (!bench || others.length > 0) throw new Stop(`${usage}, with NAME one of: ${Object.keys(benches).join(', ')}`);
  const { json = false, rounds: wanted } = values;
  if (wanted !== undefined && bench.rounds === undefined) throw new Stop(`${usage}; ${name} has no --rounds`);
  const rounds = wanted === undefined ? (bench.rounds ?? 1) : Number(wanted);
  if (!Number.isSafeInteger(rounds) || rounds < 1) throw new Stop(`${usage}; --rounds wants a whole number from 1`);
  return { name, bench, json, rounds };
}

function wordsOf(args: string[]) {
  try {
    const options = { json: { type: 'boolean' }, rounds: { type: 'string' } } as const;
    return parseArgs({ args, options, allowPositionals: true });
  } catch (error) {
    throw new Stop(`${usage}; ${(error as Error).message}`);
  }
}

function sentence({ name: what, value, unit, target, holds, detail }: Figure): string {
  if (target === 'none') return `noted  ${what}: ${value} ${unit}. ${detail}`;
  return `${holds ? 'holds ' : 'MISSED'} ${what}: ${value} ${unit} (target ${target}). ${detail}`;
}
