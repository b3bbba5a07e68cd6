import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { atMost, type Figure, listed, median } from './figure.ts';
import { expectFiles, inNewFolder, secondsOfSnakemake } from './snakemake.ts';

const steps = 300;
const rounds = 5;

const snakefile = `
rule all:
    input: expand("out/{i}.txt", i=range(${steps}))

rule one:
    output: "out/{i}.txt"
    shell: "echo {wildcards.i} > {output}"
`;

/** Independent trivial steps under Snakemake's own local executor and under ours: same machine, same cores, in turn. */
export async function localVsSnakemake(say: (line: string) => void): Promise<readonly Figure[]> {
  const cores = availableParallelism();
  const theirFlags = ['--cores', String(cores)];
  const ourFlags = [...theirFlags, '--jobs', String(steps), '--executor', 'kueue', '--kueue-engine', 'local'];
  const own: number[] = [];
  const ours: number[] = [];
  // One unmeasured run of each: imports, the compile cache and the disk are warm for both.
  await runSnakemake(theirFlags);
  await runSnakemake(ourFlags);
  for (let round = 1; round <= rounds; round += 1) {
    own.push(await runSnakemake(theirFlags));
    ours.push(await runSnakemake(ourFlags));
    say(`round ${round} of ${rounds}: snakemake ${own.at(-1)?.toFixed(2)} s, ours ${ours.at(-1)?.toFixed(2)} s`);
  }
  const ratio = median(ours) / median(own);
  const detail = `${steps} steps on ${cores} cores, medians of ${rounds} runs in turn: Snakemake's own local executor ${listed(own)} s; ours ${listed(ours)} s`;
  return [atMost('wall time against the local executor', ratio, 'ratio', 1.25, detail)];
}

/** Seconds of one whole `snakemake`, in a new directory. */
function runSnakemake(flags: readonly string[]): Promise<number> {
  return inNewFolder(async (folder) => {
    writeFileSync(join(folder, 'Snakefile'), snakefile);
    const seconds = await secondsOfSnakemake(folder, flags);
    expectFiles(join(folder, 'out'), steps);
    return seconds;
  });
}
