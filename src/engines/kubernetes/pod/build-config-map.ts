import type { WorkOrder } from '../../../ports/engine.ts';
import type { KubernetesObject, OwnerReference } from '../client/object.ts';
import { environmentKey } from './environment.ts';
import { stepData } from './secret-data.ts';
import type { StepPod } from './step-pod.ts';

/**
 * What the step's container sees of a kind whose pods cannot mount a part of a Secret: the wrapper, the commands, and what its kind
 * adds. Variables may be secret, and stay in the Secret. Undefined for other kinds. `owner`: absent for `explain`.
 */
export function buildConfigMap(
  { spec }: WorkOrder,
  pod: StepPod,
  owner?: KubernetesObject,
): KubernetesObject | undefined {
  if (pod.additions.place?.commandsIn !== 'config-map') return undefined;
  const { [environmentKey]: _secret, ...data } = stepData(spec, pod.additions);
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: pod.name,
      namespace: pod.namespace,
      labels: pod.labels,
      ...(owner && { annotations: pod.annotations, ownerReferences: [ownedBy(owner)] }),
    },
    immutable: true,
    data,
  };
}

/** No blockOwnerDeletion: that needs a right to the owner's finalizers on some clusters. */
export function ownedBy({ apiVersion, kind, metadata }: KubernetesObject): OwnerReference {
  return { apiVersion, kind, name: metadata.name, uid: metadata.uid ?? '' };
}
