import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { referenceOf } from '../images/recipe.ts';
import { auditFromNow, isWrite } from './cluster/audit-log.ts';
import { BenchPlace } from './cluster/bench-place.ts';
import { CpuMeter, type CpuSeconds } from './cluster/cpu-meter.ts';
import { requireTestbed, testbed } from './cluster/testbed.ts';
import { openWheelHouse, type WheelHouse } from './cluster/wheel-house.ts';
import { atLeast, atMost, type Figure, listed, median, noted } from './figure.ts';
import { inNewFolder, secondsOfSnakemake } from './snakemake.ts';

const steps = 40;
const jobs = 20;
const idleMs = 20_000;
/** What the peer's pods install, each when it starts; as in the image of ours. */
const storagePlugins = ['snakemake-storage-plugin-s3==0.3.6', 'snakemake-storage-plugin-fs==1.1.3'];

/** The same requests of cpu and memory on both sides; the peer asks for 0.95 of a cpu. */
const snakefile = `
rule all:
    input: expand("out/{i}.txt", i=range(${steps}))

rule given:
    output: "in.txt"
    localrule: True
    shell: "echo given > {output}"

rule one:
    input: "in.txt"
    output: "out/{i}.txt"
    resources: mem_mb=200, disk_mb=100
    shell: "cat {input} > {output}; echo {wildcards.i} >> {output}"
`;

type SideName = 'ours' | 'theirs';

interface Run {
  readonly seconds: number;
  readonly cpu: CpuSeconds;
  readonly writes: number;
  readonly requests: number;
}

/** Short shell steps with S3, a pod each: our plugin and Kueue, and Snakemake's own plugin for Kubernetes, in turn. */
export async function k8sVsPeer(say: (line: string) => void, rounds: number): Promise<readonly Figure[]> {
  await requireTestbed(['peer', 'snakemake']);
  using meter = await CpuMeter.open(idleMs);
  say(`idle: ${meter.idle}`);
  await using house = await openWheelHouse(storagePlugins, new URL(testbed.store.endpointUrl).hostname);
  const runs: Record<SideName, Run[]> = { ours: [], theirs: [] };
  for (let round = 1; round <= rounds; round += 1) {
    // Who goes first alternates: the second one finds a warmer machine.
    const order: readonly SideName[] = round % 2 === 1 ? ['ours', 'theirs'] : ['theirs', 'ours'];
    for (const side of order) {
      const run = await measure(side, meter, house);
      runs[side].push(run);
      say(`round ${round}, ${side}: ${sentence(run)}`);
    }
  }
  return figuresOf(runs.ours, runs.theirs);
}

function figuresOf(ours: readonly Run[], theirs: readonly Run[]): readonly Figure[] {
  const mine = summaryOf(ours);
  const other = summaryOf(theirs);
  const detail = `${steps} steps, --jobs ${jobs}, ${ours.length} rounds in turn, medians of each side`;
  return [
    atLeast(
      'speed against Snakemake’s plugin for Kubernetes',
      median(other.seconds) / median(mine.seconds),
      'times',
      5,
      `${detail}; wall seconds of ours: ${listed(mine.seconds)}; of snakemake-executor-plugin-kubernetes 0.5.1: ${listed(other.seconds)}`,
    ),
    atLeast(
      'cpu, theirs against ours',
      median(other.cpu) / median(mine.cpu),
      'times',
      5,
      `seconds of the whole machine, what it takes idle taken off; ours: ${listed(mine.cpu)} (${mine.parts}); theirs: ${listed(other.cpu)} (${other.parts})`,
    ),
    atMost(
      'our writes to the API server per step',
      mine.writes,
      'requests',
      3,
      `${mine.requests} requests of all verbs`,
    ),
    noted(
      'their writes to the API server per step',
      other.writes,
      'requests',
      `${other.requests} requests of all verbs`,
    ),
  ];
}

function summaryOf(runs: readonly Run[]) {
  return {
    seconds: runs.map(({ seconds }) => seconds),
    cpu: runs.map(({ cpu }) => cpu.all),
    writes: median(runs.map(({ writes }) => writes / steps)),
    requests: median(runs.map(({ requests }) => requests / steps)),
    parts: parts(runs),
  };
}

function parts(runs: readonly Run[]): string {
  const names = ['drivers', 'cluster', 'pods'] as const;
  return names.map((name) => `${name} ${median(runs.map(({ cpu }) => cpu[name])).toFixed(1)}`).join(', ');
}

function sentence({ seconds, cpu, writes, requests }: Run): string {
  return `${seconds.toFixed(1)} s, ${cpu.all.toFixed(1)} cpu s (drivers ${cpu.drivers.toFixed(1)}, cluster ${cpu.cluster.toFixed(1)}, pods ${cpu.pods.toFixed(1)}), ${(writes / steps).toFixed(1)} writes and ${(requests / steps).toFixed(1)} requests to the API server per step`;
}

async function measure(side: SideName, meter: CpuMeter, house: WheelHouse): Promise<Run> {
  await using place = await BenchPlace.open(side);
  const audit = auditFromNow();
  const { flags, environment } = sideOf(side, place, house);
  const { result: seconds, cpu } = await meter.during(() => runSnakemake(place, meter, flags, environment));
  const requests = (await audit()).filter(({ user }) => user === place.user);
  return { seconds, cpu, writes: requests.filter(isWrite).length, requests: requests.length };
}

function sideOf(side: SideName, place: BenchPlace, house: WheelHouse) {
  if (side === 'ours') return { flags: ['--executor', 'kueue'], environment: {} };
  const where = ['--executor', 'kubernetes', '--kubernetes-namespace', place.namespace];
  const image = ['--container-image', referenceOf('peer')];
  // The last flag takes every word after it that is no flag.
  return {
    flags: [...where, ...image, '--envvars', ...Object.keys(house.environment)],
    environment: house.environment,
  };
}

/** Seconds of one whole `snakemake`, in a new directory and below a new prefix of the bucket. */
function runSnakemake(
  place: BenchPlace,
  meter: CpuMeter,
  flags: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<number> {
  return inNewFolder(async (folder) => {
    writeFileSync(join(folder, 'Snakefile'), snakefile);
    writeFileSync(join(folder, 'konverge.yaml'), place.configuration());
    const prefix = `s3://${testbed.bucket}/${place.namespace}`;
    const storage = ['--default-storage-provider', 's3', '--default-storage-prefix', prefix];
    const { endpointUrl, credentials } = testbed.store;
    const all = ['--jobs', String(jobs), ...storage, '--storage-s3-endpoint-url', endpointUrl, ...flags];
    const env = {
      KUBECONFIG: place.kubeconfig,
      SNAKEMAKE_STORAGE_S3_ACCESS_KEY: credentials.accessKeyId,
      SNAKEMAKE_STORAGE_S3_SECRET_KEY: credentials.secretAccessKey,
      ...environment,
    };
    return await secondsOfSnakemake(folder, all, env, meter.driver);
  });
}
