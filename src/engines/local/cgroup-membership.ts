/** One hierarchy of control groups as this process sees it. */
export interface CgroupMount {
  readonly version: 1 | 2;
  /** Version 1 only: the controllers of this hierarchy. */
  readonly controllers: readonly string[];
  /** Where it is mounted. */
  readonly mountPoint: string;
  /** The directory of our own group below `mountPoint`, absolute. */
  readonly ownDirectory: string;
}

/**
 * Reads `/proc/self/mountinfo` and `/proc/self/cgroup` together. Knows version 2 ("unified"), version 1, and both side by
 * side ("hybrid"), where the unified hierarchy has no controllers but can still kill a group whole.
 * Formats: proc(5), cgroups(7).
 */
export function parseCgroupMounts(mountinfo: string, ownCgroups: string): CgroupMount[] {
  const own = ownCgroups.split('\n').flatMap((line) => {
    const match = /^\d+:([^:]*):(.*)$/.exec(line);
    return match ? [{ controllers: (match[1] ?? '').split(',').filter(Boolean), path: match[2] ?? '/' }] : [];
  });
  const mounts: CgroupMount[] = [];
  for (const line of mountinfo.split('\n')) {
    const [before, after] = line.split(' - ');
    if (before === undefined || after === undefined) continue;
    const [, , , root, mountPoint] = before.split(' ').map(unescapeOctal);
    const [type, , superOptions] = after.split(' ');
    if (root === undefined || mountPoint === undefined) continue;
    if (type === 'cgroup2') {
      const path = own.find(({ controllers }) => controllers.length === 0)?.path;
      const ownDirectory = path === undefined ? undefined : below(mountPoint, root, path);
      if (ownDirectory !== undefined) mounts.push({ version: 2, controllers: [], mountPoint, ownDirectory });
      continue;
    }
    if (type !== 'cgroup') continue;
    const options = (superOptions ?? '').split(',');
    const entry = own.find(({ controllers }) => controllers.some((name) => options.includes(name)));
    const ownDirectory = entry && below(mountPoint, root, entry.path);
    if (entry && ownDirectory !== undefined) {
      mounts.push({ version: 1, controllers: entry.controllers, mountPoint, ownDirectory });
    }
  }
  return mounts;
}

/** The smallest memory limit among the given files' contents, or undefined: `max` and v1's huge number mean none. */
export function smallestLimitBytes(texts: readonly string[]): number | undefined {
  const limits = texts.map((text) => Number(text.trim())).filter((bytes) => bytes > 0 && bytes < 2 ** 53);
  return limits.length > 0 ? Math.min(...limits) : undefined;
}

/** How many processes the kernel has killed at the limit: `oom_kill N` in memory.events (v2) and memory.oom_control (v1). */
export function parseOomKills(text: string): number {
  return Number(/^oom_kill (\d+)$/m.exec(text)?.[1] ?? 0);
}

/** A bind mount or a container shows only the part of the tree below `root`. */
function below(mountPoint: string, root: string, path: string): string | undefined {
  if (root === '/') return path === '/' ? mountPoint : `${mountPoint}${path}`;
  if (path === root) return mountPoint;
  if (path.startsWith(`${root}/`)) return `${mountPoint}${path.slice(root.length)}`;
  // A cgroup namespace: our own path is already relative to what is mounted.
  return path === '/' ? mountPoint : undefined;
}

function unescapeOctal(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_all, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
