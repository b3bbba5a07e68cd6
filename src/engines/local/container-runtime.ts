import { execFile, spawnSync } from 'node:child_process';
import { type ContainerRuntimeName, containerRuntimeNames } from './container-argv.ts';

/** Which container runtime works here, or why none does. */
export type ContainerRuntime =
  | { readonly works: true; readonly name: ContainerRuntimeName }
  | { readonly works: false; readonly reason: string };

const probeTimeoutMs = 15_000;
const probes: Readonly<Record<ContainerRuntimeName, readonly string[]>> = {
  apptainer: ['version'],
  // These two fail where the storage or the daemon behind them does.
  podman: ['info'],
  docker: ['info'],
};

/** Tries the three in turn, once per engine: a client that is installed may still lack its daemon. */
export function probeContainerRuntime(): ContainerRuntime {
  const reasons: string[] = [];
  for (const name of containerRuntimeNames) {
    const { status, error, stderr } = spawnSync(name, probes[name], { timeout: probeTimeoutMs, encoding: 'utf8' });
    if (status === 0) return { works: true, name };
    const missing = (error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT';
    reasons.push(`${name}: ${missing ? 'not installed' : lastLine(stderr) || error?.message || `exit code ${status}`}`);
  }
  return { works: false, reason: reasons.join('; ') };
}

/** Ends a container by name; its processes belong to a daemon or a monitor, not to us. Never fails: it may be gone. */
export function removeContainer(runtime: string, name: string): Promise<void> {
  if (runtime === 'apptainer') return Promise.resolve();
  return new Promise((resolve) => {
    execFile(runtime, ['rm', '--force', name], { timeout: probeTimeoutMs }, () => resolve());
  });
}

function lastLine(text: string | null): string {
  return (text ?? '').trim().split('\n').at(-1) ?? '';
}
