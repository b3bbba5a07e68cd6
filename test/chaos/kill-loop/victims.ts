import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const victims = ['snakemake', 'core', 'agent', 'snakemake and core', 'all three'] as const;
export type Victim = (typeof victims)[number];

/** The process ids of a victim, those that are there: of a run in this directory. */
export function pidsOf(victim: Victim, directory: string, snakemake: number): number[] {
  const core = corePid(directory);
  const agents = core === undefined ? [] : childrenOf(core).filter((pid) => /agent\.(ts|mjs)/.test(argvOf(pid)));
  const cores = core === undefined ? [] : [core];
  switch (victim) {
    case 'snakemake':
      return [snakemake];
    case 'core':
      return cores;
    case 'agent':
      return agents;
    case 'snakemake and core':
      return [snakemake, ...cores];
    case 'all three':
      return [snakemake, ...cores, ...agents];
  }
}

/** The core of a directory, if one lives there. Only its own process id is trusted, and only while its command line fits. */
export function corePid(directory: string): number | undefined {
  try {
    const { pid } = JSON.parse(readFileSync(join(directory, '.snakemake/konverge/core.json'), 'utf8')) as {
      readonly pid: number;
    };
    return / core /.test(`${argvOf(pid)} `) ? pid : undefined;
  } catch {
    return undefined;
  }
}

function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
        return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === parent;
      } catch {
        // It has ended meanwhile.
        return false;
      }
    })
    .map(Number);
}

function argvOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}
