import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { rm, rmdir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { addresses } from './addresses.ts';
import { runCommand, tryCommand } from './command.ts';
import { hasBridge, isRedirected, removeNetwork } from './network.ts';
import { livingDaemons } from './owner.ts';
import { containerdSocket, type Place, runDirectory } from './place.ts';
import { kueueCertificateFolders } from './up.ts';

const cgroups = '/sys/fs/cgroup';

/** What the testbed has on this machine, beyond files: nothing after `down`. In words for people. */
export async function leftovers(place: Place): Promise<string[]> {
  const [namespaces, bridge, redirected] = await Promise.all([podNamespaces(), hasBridge(), isRedirected()]);
  return [
    ...livingDaemons(place.daemons).map((name) => `process ${name}`),
    ...shims().map((pid) => `process ${pid} of a container`),
    ...podCgroups().map((folder) => `control group ${folder}`),
    ...mounts(place).map((target) => `mount ${target}`),
    ...namespaces.map((name) => `network namespace ${name}`),
    ...(bridge ? [`network bridge ${addresses.bridge}`] : []),
    ...(redirected ? [`iptables rule for ${addresses.apiService}`] : []),
  ];
}

/** Ends and removes all of it; the daemons must have ended. Works whether or not containerd can still help. */
export async function clearLeftovers(place: Place): Promise<void> {
  for (const pid of [...shims(), ...podCgroups().flatMap(processesOf)]) kill(pid);
  // The innermost first.
  for (const target of mounts(place).toReversed()) await tryCommand(['umount', '--lazy', target]);
  await Promise.all((await podNamespaces()).map((name) => tryCommand(['ip', 'netns', 'delete', name])));
  await removeNetwork();
  await removeCgroups();
  for (const folder of kueueCertificateFolders) await rm(folder, { recursive: true, force: true });
  if (existsSync('/etc/kueue')) await rm('/etc/kueue', { recursive: true });
  for (const folder of [runDirectory, path.join(place.data, 'cni'), path.join(place.data, 'kubelet/pods')]) {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Each container hangs on a process of containerd's that outlives it. */
function shims(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      const words = readOr('', `/proc/${pid}/cmdline`).split('\0');
      return words[0]?.includes('containerd-shim') === true && words.includes(containerdSocket);
    })
    .map(Number);
}

/** The groups below which the kubelet puts pods: one, or one for each controller where those are of the first version. */
function podCgroups(): string[] {
  const roots = existsSync(path.join(cgroups, 'cgroup.controllers'))
    ? [cgroups]
    : readdirSync(cgroups).map((name) => path.join(cgroups, name));
  return roots.map((root) => path.join(root, 'kubepods')).filter((folder) => existsSync(folder));
}

function processesOf(cgroup: string): number[] {
  const folders = readdirSync(cgroup, { recursive: true, withFileTypes: true }).filter((entry) => entry.isDirectory());
  return [cgroup, ...folders.map((entry) => path.join(entry.parentPath, entry.name))].flatMap((folder) =>
    readOr('', path.join(folder, 'cgroup.procs')).split('\n').filter(Boolean).map(Number),
  );
}

/** A group can be removed once its last process is really gone. */
async function removeCgroups(): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (podCgroups().length > 0 && performance.now() < deadline) {
    for (const group of podCgroups()) {
      const folders = readdirSync(group, { recursive: true, withFileTypes: true }).filter((entry) =>
        entry.isDirectory(),
      );
      const paths = folders.map((entry) => path.join(entry.parentPath, entry.name));
      for (const folder of [group, ...paths].toSorted((one, other) => other.length - one.length)) {
        await rmdir(folder).catch(() => {});
      }
    }
    await pause(50);
  }
}

function mounts(place: Place): string[] {
  const ours = [`${path.join(place.data, 'kubelet')}/`, `${path.join(place.data, 'containerd')}/`, `${runDirectory}/`];
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((target) => ours.some((folder) => target.startsWith(folder)));
}

/** Network namespaces of pods are named by CNI; ours are those with an address of our network. */
async function podNamespaces(): Promise<string[]> {
  const list = await tryCommand(['ip', 'netns', 'list']);
  const names = [...list.stdout.matchAll(/^(cni-\S+)/gm)].map(([, name = '']) => name);
  const network = addresses.podNetwork.split('.').slice(0, 2).join('.');
  const ours = names.map(async (name) => {
    const shown = await tryCommand(['ip', '-netns', name, '-4', '-oneline', 'address', 'show']);
    return shown.stdout.includes(`inet ${network}.`) ? [name] : [];
  });
  return (await Promise.all(ours)).flat();
}

/** Lets the containers go while containerd still runs: what it knows of them would come back with it. */
export async function removeContainers(): Promise<void> {
  const ctr = ['ctr', '-a', containerdSocket, '-n', 'k8s.io'];
  if ((await tryCommand([...ctr, 'version'], { timeoutMs: 5000 })).code !== 0) return;
  const tasks = (await runCommand([...ctr, 'tasks', 'ls', '-q'])).split('\n').filter(Boolean);
  await inPortions(tasks, async (task) => {
    await tryCommand([...ctr, 'tasks', 'rm', '--force', task], { timeoutMs: 10_000 });
  });
  const containers = (await runCommand([...ctr, 'containers', 'ls', '-q'])).split('\n').filter(Boolean);
  await inPortions(containers, async (container) => {
    await tryCommand([...ctr, 'containers', 'rm', container], { timeoutMs: 10_000 });
  });
}

async function inPortions<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const rest = [...items];
  const worker = async (): Promise<void> => {
    for (let item = rest.shift(); item !== undefined; item = rest.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: 8 }, worker));
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function readOr(otherwise: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return otherwise;
  }
}
