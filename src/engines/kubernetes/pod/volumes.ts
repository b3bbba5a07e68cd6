import type { V1Volume, V1VolumeMount } from '@kubernetes/client-node';
import type { StepVolume } from '../../../domain/kubernetes-settings.ts';
import { podLayout, secretKeys } from '../../../domain/pod-layout.ts';
import { environmentKey } from './environment.ts';

/** Names of our volumes; the prefix keeps them apart from those of a person. */
export const volumeNames = {
  shared: 'konverge-shared',
  tmp: 'konverge-tmp',
  commands: 'konverge-commands',
  agentConfig: 'konverge-agent-config',
} as const;

const tmp = '/tmp';
/** Readable for the pod's group, which owns the files of a Secret by `fsGroup`. */
const defaultMode = 0o440;

/**
 * The Secret is mounted twice, each time a part of it: the step sees its commands, and only the agent sees credentials
 * (design.md 12.11). Until the Secret is there, the kubelet tries again. `files`: keys for the step, its commands above all.
 */
export function podVolumes(secretName: string, files: readonly string[], volumes: readonly StepVolume[]): V1Volume[] {
  const items = (keys: readonly string[]) => keys.map((key) => ({ key, path: key }));
  const stepKeys = [secretKeys.wrapper, environmentKey, ...files];
  return [
    { name: volumeNames.shared, emptyDir: {} },
    ...(hasTmp(volumes) ? [] : [{ name: volumeNames.tmp, emptyDir: {} }]),
    { name: volumeNames.commands, secret: { secretName, defaultMode, items: items(stepKeys) } },
    { name: volumeNames.agentConfig, secret: { secretName, defaultMode, items: items([secretKeys.job]) } },
    ...volumes.map(({ name, source }) => ({ ...source, name })),
  ];
}

export function stepMounts(volumes: readonly StepVolume[]): V1VolumeMount[] {
  return [
    { name: volumeNames.shared, mountPath: podLayout.shared },
    // Programs write into /tmp whatever TMPDIR says, and the root file system is read-only.
    ...(hasTmp(volumes) ? [] : [{ name: volumeNames.tmp, mountPath: tmp }]),
    { name: volumeNames.commands, mountPath: podLayout.commands, readOnly: true },
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

function personMounts(volumes: readonly StepVolume[]): V1VolumeMount[] {
  return volumes.map(({ name, mountPath, readOnly }) => ({ name, mountPath, ...(readOnly ? { readOnly } : {}) }));
}

/** Somebody brings a volume for it. */
function hasTmp(volumes: readonly StepVolume[]): boolean {
  return volumes.some(({ mountPath }) => mountPath === tmp);
}
