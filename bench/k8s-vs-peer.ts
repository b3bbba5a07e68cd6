import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { auditedRequests } from './cluster/audit-log.ts';
import { CpuMeter, type CpuSeconds } from './cluster/cpu-meter.ts';
import { requireTestbed, testbed, testbedConfiguration } from './cluster/testbed.ts';
import { openWheelHouse } from './cluster/wheel-house.ts';
import { atLeast, type Figure } from './figure.ts';
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

interface Side {
  readonly seconds: number;
  readonly cpu: CpuSeconds;
  readonly writes: number;
  readonly requests: number;
}

/** Short shell steps with S3, a pod each: our plugin and Kueue, and Snakemake's own plugin for Kubernetes. */
export async function k8sVsPeer(say: (line: string) => void): Promise<readonly Figure[]> {
  requireTestbed();
  const meter = await CpuMeter.open(idleMs);
  say(`idle, the cluster takes ${meter.idle.toFixed(2)} cpu`);
  const measure = async (
    name: string,
    agent: RegExp,
    flags: readonly string[],
    environment: NodeJS.ProcessEnv,
  ): Promise<Side> => {
    const fromMs = Date.now();
    const { result: seconds, cpu } = await meter.during(() => runSnakemake(name, flags, environment));
    const requests = auditedRequests(fromMs).filter(({ userAgent }) => agent.test(userAgent));
    const writes = requests.filter(({ verb }) => !['get', 'list', 'watch'].includes(verb)).length;
    const side = { seconds, cpu, writes, requests: requests.length };
    say(`${name}: ${sentence(side)}`);
    return side;
  };
  const ours = await measure('konverge', /^konverge\//, ['--executor', 'kueue'], {});
  await using house = await openWheelHouse(storagePlugins, new URL(testbed.store.endpointUrl).hostname);
  const peerFlags = ['--executor', 'kubernetes', '--kubernetes-namespace', testbed.namespace];
  const image = ['--container-image', testbed.peerImage, '--envvars', ...Object.keys(house.environment)];
  const peer = await measure('peer', /^OpenAPI-Generator\//, [...peerFlags, ...image], house.environment);
  const detail = `${steps} steps, --jobs ${jobs}, one run each: ours ${sentence(ours)}; snakemake-executor-plugin-kubernetes 0.5.1 ${sentence(peer)}`;
  return [
    atLeast('speed against Snakemake’s plugin for Kubernetes', peer.seconds / ours.seconds, 'times', 5, detail),
    atLeast(
      'cpu of the machine, theirs against ours',
      peer.cpu.machine / ours.cpu.machine,
      'times',
      5,
      'idle taken off',
    ),
  ];
}

function sentence({ seconds, cpu, writes, requests }: Side): string {
  return `${seconds.toFixed(1)} s, ${cpu.machine.toFixed(1)} cpu s (${cpu.pods.toFixed(1)} in pods), ${(writes / steps).toFixed(1)} writes and ${(requests / steps).toFixed(1)} requests to the API server per step`;
}

/** Seconds of one whole `snakemake`, in a new directory and below a new prefix of the bucket. */
function runSnakemake(name: string, flags: readonly string[], environment: NodeJS.ProcessEnv): Promise<number> {
  return inNewFolder(async (folder) => {
    writeFileSync(join(folder, 'Snakefile'), snakefile);
    writeFileSync(join(folder, 'konverge.yaml'), testbedConfiguration());
    const prefix = `s3://${testbed.bucket}/bench-${name}-${process.pid}-${Date.now()}`;
    const storage = ['--default-storage-provider', 's3', '--default-storage-prefix', prefix];
    const { endpointUrl, credentials } = testbed.store;
    // The last `--envvars` takes every word after it that is no flag.
    const all = ['--jobs', String(jobs), ...storage, '--storage-s3-endpoint-url', endpointUrl, ...flags];
    return await secondsOfSnakemake(folder, all, {
      KUBECONFIG: testbed.kubeconfig,
      SNAKEMAKE_STORAGE_S3_ACCESS_KEY: credentials.accessKeyId,
      SNAKEMAKE_STORAGE_S3_SECRET_KEY: credentials.secretAccessKey,
      ...environment,
    });
  });
}
