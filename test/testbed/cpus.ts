import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

const nodes = '/sys/devices/system/node';

/**
 * Names of the folders of CPUs as the kubelet is to see them. It counts the folders, and later writes their numbers into
 * cpuset.cpus, where only CPUs may stand that the machine has: so on two CPUs the third is called `cpu00`, whose number is
 * again 0.
 */
export function cpuNames(pretended: number, real: number): string[] {
  return Array.from({ length: pretended }, (_, index) => {
    const round = Math.floor(index / real);
    return `cpu${'0'.repeat(round)}${index % real}`;
  });
}

/** A copy of /sys/devices/system/node with as many CPUs as wanted. */
export async function pretendCpus(folder: string, pretended: number, real: number): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  const node = path.join(folder, 'node0');
  await mkdir(path.join(node, 'hugepages'), { recursive: true });
  for (const [index, name] of cpuNames(pretended, real).entries()) {
    const topology = path.join(node, name, 'topology');
    await mkdir(topology, { recursive: true });
    await writeFile(path.join(topology, 'core_id'), `${index}`);
    await writeFile(path.join(topology, 'physical_package_id'), '0');
  }
  await writeFile(path.join(node, 'meminfo'), await readFile(path.join(nodes, 'node0/meminfo')));
  await writeFile(path.join(node, 'distance'), '10\n');
}
