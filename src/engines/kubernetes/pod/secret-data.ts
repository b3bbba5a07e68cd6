import { KonvergeError } from '../../../domain/error.ts';
import type { PodJob } from '../../../domain/pod-job.ts';
import { secretKeys } from '../../../domain/pod-layout.ts';
import { podWrapperScript } from '../../../domain/pod-wrapper.ts';
import type { StepSpec } from '../../../domain/step.ts';
import { commandKey, commandsOf } from './commands.ts';
import { environmentFile, environmentKey } from './environment.ts';
import type { StepAdditions } from './step-additions.ts';

/** All values of a Secret together (`MaxSecretSize` of the API server). */
const maxSecretBytes = 2 ** 20;
/** For what is in job.json besides the plan, before it is known: stores, credentials, proxies. */
const jobReserveBytes = 32 * 1024;

/**
 * What a step's own container gets of its Secret. `env` comes after the step's own variables, and what its kind adds after
 * both. Throws `resource-invalid`.
 */
export function stepData(
  spec: StepSpec,
  additions: StepAdditions,
  env: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const commands = commandsOf(spec).texts.map((text, index) => [commandKey(index), text]);
  return {
    [secretKeys.wrapper]: additions.place?.wrapper ?? podWrapperScript,
    [environmentKey]: environmentFile(
      spec.rule,
      { ...spec.env, ...env, ...additions.env },
      additions.place?.layout.tmp,
    ),
    ...additions.files,
    ...(Object.fromEntries(commands) as Record<string, string>),
  };
}

export function jobData(job: PodJob): string {
  return JSON.stringify(job);
}

/** Throws `resource-invalid` if it does not fit into a Secret, naming the parts. `job`: absent before it is known. */
export function checkSecretSize(spec: StepSpec, data: Readonly<Record<string, string>>, job?: string): void {
  const sizes = Object.entries(data).map(([key, value]) => [key, Buffer.byteLength(value)] as const);
  const sum = (wanted: (key: string) => boolean): number =>
    sizes.reduce((total, [key, bytes]) => (wanted(key) ? total + bytes : total), 0);
  const jobBytes =
    job === undefined
      ? Buffer.byteLength(JSON.stringify(spec.staging ?? {})) + jobReserveBytes
      : Buffer.byteLength(job);
  const total = sum(() => true) + jobBytes;
  if (total <= maxSecretBytes) return;
  const parts = [
    `commands ${sum((key) => key.startsWith('command-'))}`,
    `environment ${sum((key) => key === environmentKey)}`,
    `list of files ${jobBytes}`,
  ];
  throw new KonvergeError(
    'resource-invalid',
    `rule ${spec.rule}: what its pod has to be told takes ${total} bytes (${parts.join(', ')}), and a Secret holds ${maxSecretBytes}`,
    { hint: 'Pass large values by a file, or split the step.' },
  );
}
