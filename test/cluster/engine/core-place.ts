import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from '../../core/harness.ts';
import { stepRequest } from '../../core/step.ts';
import { appsImage } from '../cluster.ts';
import { agentImage } from './harness.ts';
import type { EnginePlace } from './place.ts';

/** Runs until it is ended; ends as soon as it is told to. */
export const endless = "trap 'exit 143' TERM; sleep 300 & wait";

/**
 * A working directory whose core runs steps in a queue of a place. It is removed when the test is over.
 * @param more  of `kubernetes:` in konverge.yaml
 */
export function coreDirectory({ kubeconfig, namespace }: EnginePlace, queue: string, more: object = {}): string {
  const workdir = temporaryDirectory();
  // Steps that have no files need no storage; all that they need is their directory.
  const volume = { name: 'work', mount_path: workdir, emptyDir: {} };
  const lines = [
    'engine: kubernetes',
    `namespace: ${namespace}`,
    `queue: ${queue}`,
    `kubernetes: ${JSON.stringify({ kubeconfig, volumes: [volume], ...more })}`,
    `images: { agent: ${agentImage}, default: ${appsImage} }`,
  ];
  writeFileSync(join(workdir, 'konverge.yaml'), lines.join('\n'));
  return workdir;
}

/** A step of one cpu without files, as a front end posts it: it needs no storage. */
export function bareRequest(
  workdir: string,
  name: string,
  command: string,
  more: Record<string, unknown> = {},
): Record<string, unknown> {
  const resources = { mem_mb: { value: 64, stated: true } };
  return stepRequest(workdir, name, command, { outputs: [], resources, ...more });
}
