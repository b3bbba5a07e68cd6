import type { V1Toleration } from '@kubernetes/client-node';
import { KonvergeError } from '../../../../domain/error.ts';
import type { PodPatch, StepVolume } from '../../../../domain/kubernetes-settings.ts';

/** A MiniCluster's own words for volumes: `ContainerVolume` of flux-framework.org/v1alpha2. */
type FluxVolume = Readonly<Record<string, unknown>>;

/** By name, as the operator wants them. Those that it cannot mount are left out: `unmountable` names them. */
export function volumesOf(volumes: readonly StepVolume[]): Readonly<Record<string, FluxVolume>> {
  return Object.fromEntries(
    volumes.flatMap((volume) => {
      const source = sourceOf(volume);
      if (source === undefined) return [];
      const { mountPath, readOnly } = volume;
      // The name of a ConfigMap's volume has to be that of the ConfigMap.
      const name = typeof source['configMapName'] === 'string' ? source['configMapName'] : volume.name;
      return [[name, { ...source, path: mountPath, ...(readOnly && { readOnly }) }]];
    }),
  );
}

export function unmountable(volumes: readonly StepVolume[]): readonly string[] {
  return volumes.filter((volume) => sourceOf(volume) === undefined).map(({ name }) => name);
}

function sourceOf({ source }: StepVolume): FluxVolume | undefined {
  const { persistentVolumeClaim: claim, hostPath, secret, configMap } = source as Readonly<Record<string, FluxVolume>>;
  if (claim) return { claimName: claim['claimName'] };
  if (hostPath) return { hostPath: hostPath['path'] };
  if (secret && secret['items'] === undefined) return { secretName: secret['secretName'] };
  if (configMap) return { configMapName: configMap['name'], ...itemsOf(configMap['items']) };
  return undefined;
}

function itemsOf(items: unknown): { readonly items?: Readonly<Record<string, unknown>> } {
  if (!Array.isArray(items)) return {};
  return { items: Object.fromEntries(items.map(({ key, path }: FluxVolume) => [String(key), path])) };
}

/**
 * A MiniCluster's tolerations have no time, so those by which a node that does not answer is left early would keep the pod on it for
 * ever. Without them Kubernetes' own of five minutes hold.
 */
export function ownTolerations(all: readonly V1Toleration[]): readonly object[] {
  return all
    .filter(({ tolerationSeconds }) => tolerationSeconds === undefined)
    .map(({ key, operator, value, effect }) => ({
      ...(key !== undefined && { key }),
      ...(operator !== undefined && { operator }),
      ...(value !== undefined && { value }),
      ...(effect !== undefined && { effect }),
    }));
}

const patchable: ReadonlySet<string> = new Set([
  'nodeSelector',
  'tolerations',
  'serviceAccountName',
  'schedulerName',
  'runtimeClassName',
]);

/** Fields of a patch that a MiniCluster has no place for. `config-invalid` for what is no patch at all comes from elsewhere. */
export function unpatchable(patch: PodPatch | undefined): readonly string[] {
  if (patch === undefined) return [];
  const { metadata: _metadata, spec = {}, ...fields } = patch;
  if (typeof spec !== 'object' || spec === null) throw new KonvergeError('config-invalid', 'pod.spec is not a mapping');
  return [...Object.keys(fields), ...Object.keys(spec)].filter((name) => !patchable.has(name));
}
