import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import type { StepId } from '../../domain/brand.ts';
import { parseOomKills } from './cgroup-membership.ts';
import { type CgroupSupport, writeMemoryLimit } from './cgroup-probe.ts';

/** The control groups of one step; none where the machine allows none. */
export interface StepGroups {
  readonly directories: readonly string[];
  /** Whether one of them holds every process of the step and can be killed whole. */
  readonly tracked: boolean;
  /** The one with the memory limit. */
  readonly memory?: string;
}

export const noGroups: StepGroups = { directories: [], tracked: false };

/** Makes, kills and removes the control groups of steps. Nothing here throws: without a group a step is followed by scan. */
export class StepCgroups {
  readonly support: CgroupSupport;
  private readonly prefix: string;

  /** `prefix` begins the names of all groups of this state directory, and of no other's. */
  constructor(support: CgroupSupport, prefix: string) {
    this.support = support;
    this.prefix = prefix;
  }

  create(id: StepId, memoryLimitBytes: number | undefined): StepGroups {
    const { trackingParent, memory } = this.support;
    const directories: string[] = [];
    const make = (parent: string): string | undefined => {
      const directory = `${parent}/${this.prefix}${id}`;
      if (directories.includes(directory)) return directory;
      try {
        mkdirSync(directory);
      } catch (error) {
        // Left by an earlier start of the same step that was undone.
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') return undefined;
      }
      directories.push(directory);
      return directory;
    };
    const tracking = trackingParent === undefined ? undefined : make(trackingParent);
    let limited: string | undefined;
    if (memory && memoryLimitBytes !== undefined) {
      const group = make(memory.parent);
      if (group !== undefined && writeMemoryLimit(group, memory.version, memoryLimitBytes)) limited = group;
    }
    return { directories, tracked: tracking !== undefined, ...(limited === undefined ? {} : { memory: limited }) };
  }

  /** True when the groups are gone, which is so only when no process is left in them. */
  remove({ directories }: StepGroups): boolean {
    let gone = true;
    for (const directory of directories) {
      try {
        rmdirSync(directory);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') gone = false;
      }
    }
    return gone;
  }

  kill({ directories }: StepGroups): void {
    for (const directory of directories) {
      try {
        if (existsSync(`${directory}/cgroup.kill`)) writeFileSync(`${directory}/cgroup.kill`, '1');
      } catch {
        // Gone already.
      }
    }
  }

  processes({ directories }: StepGroups): number[] {
    return [...new Set(directories.flatMap((directory) => pidsIn(directory)))];
  }

  /** How many processes of the step the kernel has killed at its memory limit. */
  oomKills({ memory }: StepGroups): number {
    if (memory === undefined) return 0;
    for (const file of ['memory.events', 'memory.oom_control']) {
      try {
        return parseOomKills(readFileSync(`${memory}/${file}`, 'utf8'));
      } catch {
        // The other version's file.
      }
    }
    return 0;
  }

  /** Removes groups of steps that are no more, and returns those that still have processes, by step. */
  sweep(): Map<StepId, StepGroups> {
    const { trackingParent, memory } = this.support;
    const populated = new Map<StepId, StepGroups>();
    for (const parent of new Set([trackingParent, memory?.parent])) {
      if (parent === undefined) continue;
      for (const name of list(parent)) {
        if (!name.startsWith(this.prefix)) continue;
        const id = name.slice(this.prefix.length) as StepId;
        const groups: StepGroups = { directories: [`${parent}/${name}`], tracked: parent === trackingParent };
        if (this.remove(groups)) continue;
        const other = populated.get(id);
        populated.set(id, {
          directories: [...(other?.directories ?? []), ...groups.directories],
          tracked: groups.tracked || other?.tracked === true,
        });
      }
    }
    return populated;
  }
}

function pidsIn(directory: string): number[] {
  try {
    return readFileSync(`${directory}/cgroup.procs`, 'utf8').split('\n').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

function list(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
