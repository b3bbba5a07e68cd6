import type { V1JobSpec } from '@kubernetes/client-node';
import type { WorkOrder } from '../../../../ports/engine.ts';
import type { KubernetesObject } from '../../client/object.ts';
import { gateAnnotations, queueLabels } from '../../kueue/labels.ts';
import type { StepPod } from '../../pod/step-pod.ts';
import type { PodSet } from '../kind.ts';

/**
 * A safety net only: the engine deletes the Job once its end and its logs are stored. If nobody of ours comes back, Kubernetes does
 * it; after as long as a finished step is kept for whoever asks for it again (app/sweep.ts).
 */
const unclaimedSeconds = 7 * 24 * 3600;

/** batch/v1 Job of a step, suspended: without Kueue's webhook it would else run outside of any quota (design.md 12.1). Pure. */
export function jobManifest({ spec: step }: WorkOrder, pod: StepPod): KubernetesObject {
  const spec = {
    suspend: true,
    parallelism: 1,
    completions: 1,
    // Who runs a step again, and how often, is the engine's to say: each time it is another object.
    backoffLimit: 0,
    // After a preemption the new pod waits until the old one is gone: never two of one step at once.
    podReplacementPolicy: 'Failed',
    ...(pod.deadlineSeconds === undefined ? {} : { activeDeadlineSeconds: pod.deadlineSeconds }),
    ttlSecondsAfterFinished: unclaimedSeconds,
  } satisfies Omit<V1JobSpec, 'template'>;
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: pod.name,
      namespace: pod.namespace,
      labels: { ...pod.labels, ...queueLabels(pod.queue, pod.priorityClass) },
      annotations: { ...pod.annotations, ...gateAnnotations(step.gates) },
    },
    spec: { ...spec, template: pod.template },
  };
}

export function jobPodSets({ spec }: KubernetesObject): readonly PodSet[] {
  const { template } = spec as { readonly template: StepPod['template'] };
  return [{ name: 'main', count: 1, spec: template.spec }];
}
