import type { PodJob } from '../../../domain/pod-job.ts';
import { secretKeys } from '../../../domain/pod-layout.ts';
import type { WorkOrder } from '../../../ports/engine.ts';
import type { KubernetesObject } from '../client/object.ts';
import { ownedBy } from './build-config-map.ts';
import { environmentKey } from './environment.ts';
import { checkSecretSize, jobData, stepData } from './secret-data.ts';
import type { StepPod } from './step-pod.ts';

export interface SecretContents {
  readonly job: PodJob;
  /**
   * More variables of the step itself: what a fallback step needs for its own storage (design.md 12.3). Nothing else may put
   * credentials where the step sees them.
   */
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * The Secret of a step, owned by its object, so that it goes with it. `owner` is the object as the API server has it, with its
 * uid. Never logged or shown as it is: `redactedSecret` is for that. Throws `resource-invalid` if it is too large.
 */
export function buildSecret(
  { spec }: WorkOrder,
  pod: StepPod,
  { job, env = {} }: SecretContents,
  owner: KubernetesObject,
): KubernetesObject {
  const data = stepData(spec, pod.additions, env);
  const jobText = jobData(job);
  checkSecretSize(spec, data, jobText);
  const shown = seenBy(pod, data);
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: pod.secretName,
      namespace: pod.namespace,
      labels: pod.labels,
      annotations: pod.annotations,
      ownerReferences: [ownedBy(owner)],
    },
    type: 'Opaque',
    // Nobody changes it, so the kubelet need not watch it.
    immutable: true,
    data: Object.fromEntries(
      Object.entries({ ...shown, [secretKeys.job]: jobText }).map(([key, value]) => [
        key,
        Buffer.from(value).toString('base64'),
      ]),
    ),
  };
}

/** What else has a ConfigMap (build-config-map.ts). */
function seenBy({ additions }: StepPod, data: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return additions.place?.commandsIn === 'config-map' ? { [environmentKey]: data[environmentKey] ?? '' } : data;
}

/** For `explain`, before there is an object: the commands, and of all else only that it is there. */
export function redactedSecret({ spec }: WorkOrder, pod: StepPod): KubernetesObject {
  const shown = Object.entries(seenBy(pod, stepData(spec, pod.additions))).map(([key, text]) => {
    if (key === secretKeys.wrapper) return [key, `(${Buffer.byteLength(text)} bytes: konverge's wrapper)`];
    if (key in pod.additions.files && key.endsWith('.sh')) {
      return [key, `(${Buffer.byteLength(text)} bytes: konverge's script)`];
    }
    if (key === environmentKey) return [key, `(not shown: ${Object.keys(spec.env).sort().join(', ') || 'nothing'})`];
    return [key, text];
  });
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: pod.secretName, namespace: pod.namespace, labels: pod.labels },
    type: 'Opaque',
    immutable: true,
    stringData: {
      ...(Object.fromEntries(shown) as Record<string, string>),
      [secretKeys.job]: '(not shown: what the agent has to move, with credentials)',
    },
  };
}
