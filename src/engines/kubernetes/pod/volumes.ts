import type { V1Volume, V1VolumeMount } from '@kubernetes/client-node';
import type { StepVolume } from '../../../domain/kubernetes-settings.ts';
import { podLayout, secretKeys } from '../../../domain/pod-layout.ts';
import { formatBytes } from '../../../domain/quantity.ts';
import { environmentKey } from './environment.ts';

/** Names of our volumes; the prefix keeps them apart from those of a person. */
export const volumeNames = {
  shared: 'konverge-shared',
  tmp: 'konverge-tmp',
  commands: 'konverge-commands',
  agentConfig: 'konverge-agent-config',
  sharedMemory: 'konverge-shared-memory',
} as const;

/** What may be written into our volumes before the node ends the pod. Absent: as much as the node has. */
export interface DiskLimits {
  readonly sharedBytes: number;
  readonly tmpBytes: number;
}

/** What a step asks for that others do not. */
export interface VolumeNeeds {
  readonly disk?: DiskLimits | undefined;
  /** As in StepAdditions. */
  readonly hasSharedMemory?: boolean | undefined;
}

/** Files of our own beside those of the step and its logs. */
const ownBytes = 64 * 2 ** 20;

/** A step that has asked for disk gets that much for its files, and not the disk of its neighbours. */
export function diskLimits(diskBytes: number | undefined, logLimitBytes: number): DiskLimits | undefined {
  if (diskBytes === undefined) return undefined;
  return { sharedBytes: diskBytes + 2 * logLimitBytes + ownBytes, tmpBytes: diskBytes };
}

const tmp = '/tmp';
const sharedMemory = '/dev/shm';
/** Readable for the pod's group, which owns the files of a Secret by `fsGroup`. */
const defaultMode = 0o440;

/**
 * The Secret is mounted twice, each time a part of it: the step sees its commands, and only the agent sees credentials
 * (design.md 12.11). Until the Secret is there, the kubelet tries again. `files`: keys for the step, its commands above all.
 */
export function podVolumes(
  secretName: string,
  files: readonly string[],
  volumes: readonly StepVolume[],
  { disk, hasSharedMemory }: VolumeNeeds = {},
): V1Volume[] {
  const items = (keys: readonly string[]) => keys.map((key) => ({ key, path: key }));
  const stepKeys = [secretKeys.wrapper, environmentKey, ...files];
  return [
    { name: volumeNames.shared, emptyDir: sized(disk?.sharedBytes) },
    ...(brings(volumes, tmp) ? [] : [{ name: volumeNames.tmp, emptyDir: sized(disk?.tmpBytes) }]),
    { name: volumeNames.commands, secret: { secretName, defaultMode, items: items(stepKeys) } },
    { name: volumeNames.agentConfig, secret: { secretName, defaultMode, items: items([secretKeys.job]) } },
    ...(hasSharedMemory && !brings(volumes, sharedMemory)
      ? [{ name: volumeNames.sharedMemory, emptyDir: { medium: 'Memory' } }]
      : []),
    ...volumes.map(({ name, source }) => ({ ...source, name })),
  ];
}

export function stepMounts(volumes: readonly StepVolume[], hasSharedMemory = false): V1VolumeMount[] {
  return [
    { name: volumeNames.shared, mountPath: podLayout.shared },
    // Programs write into /tmp whatever TMPDIR says, and the root file system is read-only.
    ...(brings(volumes, tmp) ? [] : [{ name: volumeNames.tmp, mountPath: tmp }]),
    { name: volumeNames.commands, mountPath: podLayout.commands, readOnly: true },
    ...(hasSharedMemory && !brings(volumes, sharedMemory)
      ? [{ name: volumeNames.sharedMemory, mountPath: sharedMemory }]
      : []),
    ...personMounts(volumes),
  ];
}

export function agentMounts(volumes: readonly StepVolume[]): V1VolumeMount[] {
  return [
    { name: volumeNames.shared, mountPath: podLayout.shared },
    { name: volumeNames.agentConfig, mountPath: podLayout.agentConfig, readOnly: true },
    ...personMounts(volumes),
  ];
}

/** A pod of a step in which no agent is: an empty directory to work in, `/tmp`, and those of a person. */
export function plainVolumes(volumes: readonly StepVolume[]): V1Volume[] {
  return [
    { name: volumeNames.shared, emptyDir: {} },
    ...(brings(volumes, tmp) ? [] : [{ name: volumeNames.tmp, emptyDir: {} }]),
    ...volumes.map(({ name, source }) => ({ ...source, name })),
  ];
}

export function plainMounts(volumes: readonly StepVolume[]): V1VolumeMount[] {
  return [
    // There itself, so that it belongs to the pod's group: nobody of ours is there to make a directory in it.
    { name: volumeNames.shared, mountPath: podLayout.work },
    ...(brings(volumes, tmp) ? [] : [{ name: volumeNames.tmp, mountPath: tmp }]),
    ...personMounts(volumes),
  ];
}

function sized(bytes: number | undefined): { readonly sizeLimit?: string } {
  return bytes === undefined ? {} : { sizeLimit: formatBytes(bytes) };
}

function personMounts(volumes: readonly StepVolume[]): V1VolumeMount[] {
  return volumes.map(({ name, mountPath, readOnly }) => ({ name, mountPath, ...(readOnly ? { readOnly } : {}) }));
}

/** Somebody brings a volume for it. */
function brings(volumes: readonly StepVolume[], place: string): boolean {
  return volumes.some(({ mountPath }) => mountPath === place);
}
