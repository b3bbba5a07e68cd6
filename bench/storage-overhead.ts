import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { type ObjectStoreServer, startObjectStoreServer } from '../test/object-store-server/server.ts';
import { atLeast, type Figure, listed, median } from './figure.ts';
import { expectFiles, inNewFolder, secondsOfSnakemake } from './snakemake.ts';

const steps = 100;
const rounds = 2;

const snakefile = `
rule all:
    input: expand("out/{i}.txt", i=range(${steps}))

rule one:
    input: "in.txt"
    output: "out/{i}.txt"
    shell: "cat {input} > {output}"
`;

/**
 * A cluster of this machine: the job's script is started in the background, and its end is a file. Each job has a place of
 * its own for local copies, as a node has: in a common one, a job that ends removes the inputs of another.
 */
const submit = `#!/bin/sh
id=$(mktemp -u job.XXXXXX)
export BENCH_JOB_STORAGE=$PWD/$id.storage
( sh "$1" >"$PWD/$id.log" 2>&1; echo $? >"$PWD/$id.part"; mv "$PWD/$id.part" "$PWD/$id.end" ) >/dev/null 2>&1 </dev/null &
echo "$PWD/$id"
`;
const status = `#!/bin/sh
if [ -e "$1.end" ]; then case "$(cat "$1.end")" in 0) echo success;; *) echo failed;; esac; else echo running; fi
`;

/** Trivial steps with their files in S3: our direct mode against Snakemake's own way, a Snakemake in each job. */
export async function storageOverhead(say: (line: string) => void): Promise<readonly Figure[]> {
  const server = await startObjectStoreServer();
  try {
    const jobs = String(availableParallelism());
    const ours: number[] = [];
    const own: number[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      ours.push(
        await runSnakemake(server, `ours-${round}`, () => [
          '--executor',
          'kueue',
          '--kueue-engine',
          'local',
          '--jobs',
          jobs,
        ]),
      );
      own.push(
        await runSnakemake(server, `own-${round}`, (folder) => [
          '--executor',
          'cluster-generic',
          '--cluster-generic-submit-cmd',
          join(folder, 'submit'),
          '--cluster-generic-status-cmd',
          join(folder, 'status'),
          '--remote-job-local-storage-prefix',
          '$BENCH_JOB_STORAGE',
          '--seconds-between-status-checks',
          '1',
          '--jobs',
          jobs,
        ]),
      );
      say(
        `round ${round} of ${rounds}: ours ${ours.at(-1)?.toFixed(1)} s, Snakemake's own ${own.at(-1)?.toFixed(1)} s`,
      );
    }
    const detail = `${steps} steps, --jobs ${jobs}, --shared-fs-usage none, ${rounds} runs in turn: a Snakemake in each job (cluster-generic) ${listed(own)} s; ours ${listed(ours)} s`;
    return [atLeast('speed with S3 against a Snakemake in each job', median(own) / median(ours), 'times', 5, detail)];
  } finally {
    await server.stop();
  }
}

/** Seconds of one whole `snakemake`, in a new directory and a new bucket. */
function runSnakemake(
  server: ObjectStoreServer,
  bucket: string,
  flags: (folder: string) => readonly string[],
): Promise<number> {
  return inNewFolder(async (folder) => {
    writeFileSync(
      join(folder, 'Snakefile'),
      `${snakefile}\nrule given:\n    output: "in.txt"\n    localrule: True\n    shell: "echo given > {output}"\n`,
    );
    writeFileSync(join(folder, 'submit'), submit, { mode: 0o755 });
    writeFileSync(join(folder, 'status'), status, { mode: 0o755 });
    const storage = ['--default-storage-provider', 's3', '--default-storage-prefix', `s3://${bucket}`];
    const all = [...flags(folder), ...storage, '--shared-fs-usage', 'none', '--latency-wait', '5'];
    const seconds = await secondsOfSnakemake(folder, all, {
      SNAKEMAKE_STORAGE_S3_ENDPOINT_URL: server.endpoint,
      SNAKEMAKE_STORAGE_S3_ACCESS_KEY: server.accessKey,
      SNAKEMAKE_STORAGE_S3_SECRET_KEY: server.secretKey,
    });
    expectFiles(join(server.dir, bucket, 'out'), steps);
    return seconds;
  });
}
