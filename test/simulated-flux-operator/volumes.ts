import { entrypointName, isWrapped, type Volume, volumesOf, type Words } from './minicluster.ts';
import type { SettledCluster } from './settle.ts';

export interface Mount {
  readonly name: string;
  readonly mountPath: string;
  readonly readOnly?: boolean;
}

const software = 'spack-software';
const home = 'flux-operator-home';

/** What every container of the pod has: home, Flux and its configuration, the scripts. */
export function mountsOf(cluster: SettledCluster): Mount[] {
  const { name, mountPath } = cluster.spec.flux.view;
  return [
    { name: home, mountPath: '/home/flux-operator' },
    { name, mountPath },
    { name: entrypointName(cluster), mountPath: '/flux_operator/', readOnly: true },
  ];
}

/** The init container has it not: it has that folder of its own image, to copy from. */
export const softwareMount: Mount = { name: software, mountPath: '/opt/software' };

export function volumesOfPod(cluster: SettledCluster): object[] {
  const { containers, flux } = cluster.spec;
  const scripts = containers.flatMap((container, index) => [
    ...(container.runFlux ? [executable(`wait-${index}`)] : []),
    ...(isWrapped(container) ? [executable(`start-${index}`)] : []),
  ]);
  const items = [
    ...scripts,
    { key: flux.view.name, path: 'flux-init.sh', mode: 0o777 },
    { key: 'curve.cert', path: 'curve.cert' },
  ];
  return [
    ...[software, home, flux.view.name].map((name) => ({ name, emptyDir: {} })),
    { name: entrypointName(cluster), configMap: { name: entrypointName(cluster), items } },
    ...existingVolumes(volumesOf(containers)),
  ];
}

export function existingVolumes(volumes: Readonly<Record<string, Volume>>): object[] {
  return Object.entries(volumes).map(([key, volume]) => existingVolume(key, volume));
}

function existingVolume(key: string, volume: Volume): object {
  const { csiDriver, csiDriverAttributes, secretName, emptyDir, hostPath, configMapName, items, claimName } = volume;
  if (csiDriver) {
    return {
      name: key,
      csi: { driver: csiDriver, ...(csiDriverAttributes && { volumeAttributes: csiDriverAttributes }) },
    };
  }
  if (secretName) return { name: key, secret: { secretName } };
  if (emptyDir) return { name: key, emptyDir: emptyDirOf(volume) };
  if (hostPath) return { name: key, hostPath: { path: hostPath, type: 'Directory' } };
  if (configMapName) {
    // Named after the ConfigMap, but mounted by its key: where these differ, the API server refuses the Job.
    return { name: configMapName, configMap: { name: configMapName, items: itemsOf(items ?? {}) } };
  }
  return { name: key, persistentVolumeClaim: { claimName: claimName ?? '' } };
}

function emptyDirOf({ emptyDirMedium, emptyDirSizeLimit }: Volume): object {
  return {
    ...(emptyDirMedium === 'memory' && { medium: 'Memory' }),
    ...(emptyDirSizeLimit && { sizeLimit: emptyDirSizeLimit }),
  };
}

function itemsOf(items: Words): object[] {
  return Object.entries(items).map(([key, path]) => ({ key, path }));
}

function executable(key: string): object {
  return { key, path: `${key}.sh`, mode: 0o777 };
}
