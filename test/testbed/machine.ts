import { existsSync, readFileSync } from 'node:fs';
import { mkdir, statfs } from 'node:fs/promises';
import { Stop } from '../../tools/setup/stop.mjs';
import { tryCommand } from './command.ts';
import type { Place } from './place.ts';

/** What Debian brings. `missing` is a file by which one sees that a package is not there. */
export const debianPackages: readonly { readonly name: string; readonly missing: string }[] = [
  { name: 'busybox-static', missing: '/bin/busybox' },
  { name: 'containerd', missing: '/usr/bin/containerd' },
  { name: 'containernetworking-plugins', missing: '/usr/lib/cni/bridge' },
  { name: 'iproute2', missing: '/usr/sbin/ip' },
  { name: 'iptables', missing: '/usr/sbin/iptables' },
  { name: 'mmdebstrap', missing: '/usr/bin/mmdebstrap' },
  { name: 'openssl', missing: '/usr/bin/openssl' },
  { name: 'procps', missing: '/usr/sbin/sysctl' },
  { name: 'runc', missing: '/usr/sbin/runc' },
];

/** @throws {Stop} if this is not a Linux that can run a node, or if we are not root */
export function checkMachine(): void {
  if (process.platform !== 'linux')
    throw new Stop('the testbed runs on Linux only; elsewhere use kind (docs/guides/testbed.md)');
  if (process.getuid?.() !== 0) {
    throw new Stop(
      'the testbed needs root: it makes a network bridge, mounts and control groups. Try `sudo npm run testbed -- ...`',
    );
  }
  if (!existsSync('/sys/fs/cgroup/cgroup.controllers') && !existsSync('/sys/fs/cgroup/memory')) {
    throw new Stop(
      'there are no control groups below /sys/fs/cgroup (a container without them?): pods cannot run here',
    );
  }
  if (!readFileSync('/proc/filesystems', 'utf8').includes('overlay')) {
    throw new Stop('the kernel has no overlay file system: containers cannot run here (modprobe overlay)');
  }
}

/**
 * Installs the packages of Debian that are missing.
 * @throws {Stop} where that cannot be done, with the line to type
 */
export async function installPackages(say: (line: string) => void): Promise<void> {
  const missing = debianPackages.filter((item) => !isThere(item.missing)).map(({ name }) => name);
  if (missing.length === 0) return;
  const line = `apt-get install --no-install-recommends ${missing.join(' ')}`;
  if (!existsSync('/usr/bin/apt-get'))
    throw new Stop(`these programs are missing, by their names in Debian: ${missing.join(', ')}`);
  say(`installing ${missing.join(', ')}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  await tryCommand(['apt-get', 'update', '--quiet', '--quiet'], { env });
  const install = ['apt-get', 'install', '--yes', '--quiet', '--quiet', '--no-install-recommends', ...missing];
  const { code, stderr } = await tryCommand(install, { env });
  if (code !== 0) throw new Stop(`${line} failed: ${stderr.trim().split('\n').slice(-3).join(' ')}`);
  // Debian starts one of its own, which is not ours and not needed.
  if (missing.includes('containerd') && existsSync('/run/systemd/system')) {
    await tryCommand(['systemctl', 'disable', '--now', 'containerd']);
  }
}

function isThere(file: string): boolean {
  return (
    existsSync(file) ||
    existsSync(file.replace('/usr/sbin/', '/sbin/')) ||
    existsSync(file.replace('/usr/bin/', '/bin/'))
  );
}

/** The release that images are made of: the one of this machine, so that its Python fits. */
export function debianSuite(osRelease: string): string {
  const value = (name: string): string | undefined => new RegExp(`^${name}="?([^"\\n]+)`, 'm').exec(osRelease)?.[1];
  const codename = value('VERSION_CODENAME');
  return value('ID') === 'debian' && codename !== undefined ? codename : 'bookworm';
}

const neededBytes = 3_000_000_000;

/** @throws {Stop} if the disk is too full for images and binaries; the kubelet would evict every pod */
export async function checkRoom({ cache, state }: Place): Promise<void> {
  for (const folder of [cache, state]) {
    await mkdir(folder, { recursive: true });
    const { bavail, bsize } = await statfs(folder);
    if (bavail * bsize < neededBytes) {
      throw new Stop(`there are only ${Math.round((bavail * bsize) / 1e6)} MB free at ${folder}; 3 GB are needed`);
    }
  }
}
