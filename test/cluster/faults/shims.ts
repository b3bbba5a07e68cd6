import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { runCommand } from '../../testbed/command.ts';
import { containerdSocket } from '../../testbed/place.ts';

const patienceMs = 30_000;

/**
 * Ends what runs a pod as the loss of its node does: SIGKILL for its shims, and what is left of its containers goes with them.
 * Only of a kubelet that is stopped: another one would start them anew. Resolves when no process of the pod is left.
 */
export async function killPod(uid: string): Promise<void> {
  const ctr = ['ctr', '--address', containerdSocket, '--namespace', 'k8s.io'];
  const ids = (await runCommand([...ctr, 'containers', 'ls', '-q', `labels."io.kubernetes.pod.uid"==${uid}`]))
    .split('\n')
    .filter((id) => id !== '');
  const shims = processes().filter(
    ({ argv }) => argv.includes('containerd-shim') && ids.some((id) => argv.includes(id)),
  );
  if (shims.length === 0) throw new Error(`pod ${uid} has no shim; its containers: ${ids.join(', ')}`);
  for (const { pid } of shims) process.kill(pid, 'SIGKILL');
  for (const untilMs = Date.now() + patienceMs; ; await pause(50)) {
    const left = processes().filter(({ group }) => group.includes(uid));
    if (left.length === 0) return;
    if (Date.now() > untilMs) throw new Error(`left of pod ${uid}: ${left.map(({ argv }) => argv).join(' | ')}`);
  }
}

interface Process {
  readonly pid: number;
  readonly argv: string;
  readonly group: string;
}

function processes(): Process[] {
  return readdirSync('/proc').flatMap((name): Process[] => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const argv = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ');
      return [{ pid: Number(name), argv, group: readFileSync(`/proc/${name}/cgroup`, 'utf8') }];
    } catch {
      // It has ended meanwhile.
      return [];
    }
  });
}
