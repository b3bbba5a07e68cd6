import { posix } from 'node:path';
import { KonvergeError } from '../../../domain/error.ts';
import type { KubernetesSettings, StepVolume } from '../../../domain/kubernetes-settings.ts';
import { podLayout } from '../../../domain/pod-layout.ts';
import type { PodLayout } from '../../../domain/pod-wrapper.ts';
import type { StagingPlan } from '../../../domain/staging.ts';
import type { StepSpec } from '../../../domain/step.ts';

/** Where a step's commands run. In place: in a mounted volume that the front end sees too, so nothing is moved. */
export interface Workplace {
  /** Absolute, in the pod. */
  readonly workdir: string;
  readonly inPlace: boolean;
}

type Volumes = Pick<KubernetesSettings, 'volumes'>;

/** Throws `storage-needed` if the step's files can be seen by nobody in the pod. */
export function workplaceOf(
  spec: StepSpec,
  settings: Volumes,
  { work }: Pick<PodLayout, 'work'> = podLayout,
): Workplace {
  // Staged paths are relative to an empty directory of the step's own.
  if (spec.staging !== undefined) return { workdir: work, inPlace: false };
  const why = whyUnseen(spec.cwd, settings);
  if (why === undefined) return { workdir: spec.cwd, inPlace: true };
  if (spec.inputs.length === 0 && spec.outputs.length === 0 && spec.logs.length === 0) {
    return { workdir: work, inPlace: false };
  }
  throw new KonvergeError('storage-needed', `rule ${spec.rule}: its files are in ${spec.cwd}, ${why}`);
}

/** `storage-needed` unless pods can work in a directory of the front end. */
export function directoryRefusal(directory: string, settings: Volumes): KonvergeError | undefined {
  const why = whyUnseen(directory, settings);
  return why === undefined
    ? undefined
    : new KonvergeError('storage-needed', `steps would work in ${directory}, ${why}, and no storage is given`);
}

function whyUnseen(directory: string, { volumes }: Volumes): string | undefined {
  const volume = volumes.find(({ mountPath }) => contains(mountPath, directory));
  if (volume === undefined) return 'which no volume of the pod contains';
  return volume.readOnly ? `and volume ${volume.name} is read-only` : undefined;
}

/** Whether the agent reads or writes files in a directory that only a volume can bring into the pod. */
export function agentNeedsVolumes(staging: StagingPlan | undefined): boolean {
  if (staging === undefined) return false;
  const { area, inputs, outputs, logs, benchmark } = staging;
  const files = [...inputs, ...outputs, ...logs, ...(benchmark ? [benchmark] : [])];
  return [area, ...files.map(({ at }) => at)].some(({ bucket }) => bucket === '');
}

/** Whether `path` is `directory` or something below it. */
export function contains(directory: string, path: string): boolean {
  const relative = posix.relative(directory, path);
  return relative === '' || (relative !== '..' && !relative.startsWith('../'));
}

/** Throws `config-invalid` for a volume that would hide, or be hidden by, a directory of ours. */
export function checkVolumes(volumes: readonly StepVolume[]): void {
  const ours = [podLayout.shared, podLayout.commands, podLayout.agentConfig];
  for (const { name, mountPath } of volumes) {
    const path = ours.find((own) => contains(own, mountPath) || contains(mountPath, own));
    if (path !== undefined) {
      throw new KonvergeError(
        'config-invalid',
        `kubernetes.volumes: ${name} is mounted at ${mountPath}, but ${path} is konverge's`,
      );
    }
  }
}
