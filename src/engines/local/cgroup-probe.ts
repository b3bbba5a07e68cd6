import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { CgroupMount } from './cgroup-membership.ts';

/** What the control groups of this machine let us do; found out by doing it. */
export interface CgroupSupport {
  /** Below this directory we can make groups that the kernel kills whole (`cgroup.kill`, Linux 5.14). */
  readonly trackingParent?: string;
  /** Below this directory we can make groups with a memory limit. */
  readonly memory?: MemoryParent;
}

export interface MemoryParent {
  readonly parent: string;
  readonly version: 1 | 2;
}

export function probeCgroups(
  mounts: readonly CgroupMount[],
  prefix: string,
  wanted: { readonly tracking: boolean; readonly memory: boolean },
): CgroupSupport {
  const memory = wanted.memory ? findMemory(mounts, prefix) : undefined;
  const trackingParent = wanted.tracking ? findTracking(mounts, prefix, memory) : undefined;
  return { ...(trackingParent === undefined ? {} : { trackingParent }), ...(memory === undefined ? {} : { memory }) };
}

function findMemory(mounts: readonly CgroupMount[], prefix: string): MemoryParent | undefined {
  for (const mount of mounts) {
    if (mount.version === 1 && !mount.controllers.includes('memory')) continue;
    for (const parent of mount.version === 1 ? [mount.ownDirectory] : ancestors(mount)) {
      const { version } = mount;
      const limit = (group: string): boolean => writeMemoryLimit(group, version, 64 * 2 ** 20);
      if (worksBelow(parent, prefix, limit)) return { parent, version };
    }
  }
  return undefined;
}

function findTracking(
  mounts: readonly CgroupMount[],
  prefix: string,
  memory: MemoryParent | undefined,
): string | undefined {
  const canKill = (group: string): boolean => existsSync(`${group}/cgroup.kill`);
  // One group for both where the memory controller is version 2.
  if (memory?.version === 2 && worksBelow(memory.parent, prefix, canKill)) return memory.parent;
  const unified = mounts.find(({ version }) => version === 2);
  if (unified === undefined) return undefined;
  return ancestors(unified).find((parent) => worksBelow(parent, prefix, canKill));
}

/**
 * Our own group, and those above it: version 2 gives controllers only to the children of a group without processes of its
 * own, so that on a desktop it is the parent of our own group that can have one with a limit.
 */
function ancestors({ mountPoint, ownDirectory }: CgroupMount): string[] {
  const found: string[] = [];
  for (let directory = ownDirectory; directory.startsWith(mountPoint); directory = dirname(directory))
    found.push(directory);
  return found;
}

/** Makes a group, joins it with a process, and takes it away again. */
function worksBelow(parent: string, prefix: string, attempt: (group: string) => boolean): boolean {
  const group = `${parent}/${prefix}probe-${process.pid}`;
  try {
    mkdirSync(group);
  } catch {
    return false;
  }
  try {
    if (!attempt(group)) return false;
    return (
      spawnSync('/bin/sh', ['-c', 'echo 0 >"$1"', 'sh', `${group}/cgroup.procs`], { stdio: 'ignore' }).status === 0
    );
  } catch {
    return false;
  } finally {
    try {
      rmdirSync(group);
    } catch {
      // The next start sweeps it.
    }
  }
}

/** Sets a limit, swap included, and reads it back: false if the group does not take it. */
export function writeMemoryLimit(group: string, version: 1 | 2, bytes: number): boolean {
  const [file, swapFile, swap] =
    version === 2
      ? ['memory.max', 'memory.swap.max', '0']
      : ['memory.limit_in_bytes', 'memory.memsw.limit_in_bytes', String(bytes)];
  // Opened without O_CREAT: where the controller is missing, the file is too.
  if (!existsSync(`${group}/${file}`)) return false;
  try {
    writeFileSync(`${group}/${file}`, String(bytes));
    if (existsSync(`${group}/${swapFile}`)) writeFileSync(`${group}/${swapFile}`, swap);
    const taken = Number(readFileSync(`${group}/${file}`, 'utf8').trim());
    // Rounded down to pages.
    return taken > 0 && taken <= bytes;
  } catch {
    return false;
  }
}
