import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { dirname } from 'node:path';
import type { Quota } from '../../domain/queue.ts';
import { type CgroupMount, parseCgroupMounts, smallestLimitBytes } from './cgroup-membership.ts';

/** What the engine knows of the machine it runs on; read once. */
export interface Machine {
  readonly quota: Quota;
  /** Physical cores: what Open MPI counts as slots, whatever the hardware threads. */
  readonly cores: number;
  readonly uid: number;
  readonly gid: number;
  /** Changes with each boot, so that process ids of an earlier one mean nothing. */
  readonly bootId: string;
  readonly cgroups: readonly CgroupMount[];
}

export function readMachine(): Machine {
  const cgroups = parseCgroupMounts(read('/proc/self/mountinfo'), read('/proc/self/cgroup'));
  const cpus = availableParallelism();
  return {
    quota: { cpuMillis: cpus * 1000, memoryBytes: memoryBytes(cgroups), gpu: nvidiaDevices(), custom: {} },
    cores: Math.min(cpus, physicalCores(read('/proc/cpuinfo')) ?? cpus),
    uid: process.getuid?.() ?? 0,
    gid: process.getgid?.() ?? 0,
    bootId: read('/proc/sys/kernel/random/boot_id').trim(),
    cgroups,
  };
}

/** Distinct pairs of socket and core; undefined where /proc/cpuinfo does not tell (arm64). */
export function physicalCores(cpuinfo: string): number | undefined {
  const seen = new Set<string>();
  for (const block of cpuinfo.split('\n\n')) {
    const core = /^core id\s*:\s*(\d+)$/m.exec(block)?.[1];
    if (core !== undefined) seen.add(`${/^physical id\s*:\s*(\d+)$/m.exec(block)?.[1] ?? ''}/${core}`);
  }
  return seen.size > 0 ? seen.size : undefined;
}

/** The machine's memory, or less where our own control group or one above it is limited. */
function memoryBytes(cgroups: readonly CgroupMount[]): number {
  const texts: string[] = [];
  for (const { version, controllers, mountPoint, ownDirectory } of cgroups) {
    if (version === 1 && !controllers.includes('memory')) continue;
    const file = version === 2 ? 'memory.max' : 'memory.limit_in_bytes';
    for (let directory = ownDirectory; directory.startsWith(mountPoint); directory = dirname(directory)) {
      texts.push(read(`${directory}/${file}`));
    }
  }
  return Math.min(totalmem(), smallestLimitBytes(texts) ?? Number.POSITIVE_INFINITY);
}

function nvidiaDevices(): number {
  try {
    return readdirSync('/dev').filter((name) => /^nvidia\d+$/.test(name)).length;
  } catch {
    return 0;
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
