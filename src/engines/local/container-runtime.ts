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
    const missing = error !== undefined && 'code' in error && error.code === 'ENOENT';
    reasons.push(`${name}: ${missing ? 'not installed' : lastLine(stderr) || error?.message || `exit code ${status}`}`);
  }
  return { works: false, reason: reasons.join('; ') };
}

/** Ends containers by name; their processes belong to a daemon or a monitor, not to us. Never fails: they may be gone. */
export function removeContainers(runtime: string, names: readonly string[]): Promise<void> {
  if (runtime === 'apptainer') return Promise.resolve();
  // podman asks nicely for ten seconds unless told not to; that time is over.
  const force = runtime === 'podman' ? ['--force', '--time', '0'] : ['--force'];
  return new Promise((resolve) => {
    execFile(runtime, ['rm', ...force, ...names], { timeout: probeTimeoutMs }, () => resolve());
  });
}

function lastLine(text: string | null): string {
  return (text ?? '').trim().split('\n').at(-1) ?? '';
}
