import { coreThroughput } from './core-throughput.ts';
import type { Bench, Figure } from './figure.ts';
import { k8sApiLoad } from './k8s-api-load.ts';
import { k8sLatency } from './k8s-latency.ts';
import { k8sVsPeer } from './k8s-vs-peer.ts';
import { localVsSnakemake } from './local-vs-snakemake.ts';
import { staging } from './staging.ts';
import { storageOverhead } from './storage-overhead.ts';

/** Every number we claim, as a command: `npm run bench -- NAME [--json]`. */
const benches: Readonly<Record<string, Bench>> = {
  'local-vs-snakemake': localVsSnakemake,
  'core-throughput': coreThroughput,
  staging,
  'storage-overhead': storageOverhead,
  'k8s-latency': k8sLatency,
  'k8s-api-load': k8sApiLoad,
  'k8s-vs-peer': k8sVsPeer,
};

const [name = '', ...flags] = process.argv.slice(2);
const bench = Object.hasOwn(benches, name) ? benches[name] : undefined;
if (!bench) {
  process.stderr.write(`usage: npm run bench -- NAME [--json], with NAME one of: ${Object.keys(benches).join(', ')}\n`);
  process.exit(2);
}
const figures = await bench((line) => process.stderr.write(`${line}\n`));
if (!flags.includes('--json')) for (const figure of figures) process.stdout.write(`${sentence(figure)}\n`);
// The last line, whatever else was printed, is for programs.
process.stdout.write(`${JSON.stringify(figures)}\n`);
process.exitCode = figures.every(({ holds }) => holds) ? 0 : 1;

function sentence({ name: what, value, unit, target, holds, detail }: Figure): string {
  return `${holds ? 'holds ' : 'MISSED'} ${what}: ${value} ${unit} (target ${target}). ${detail}`;
}
