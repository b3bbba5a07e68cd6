import type { Topology } from '../../../domain/topology.ts';

/**
 * What Kueue reads and writes on objects, as of 0.19. Labels of ours on the top object: `queueName` makes Kueue manage it,
 * `priorityClass` may be changed while it waits. Source: kueue, site/data/labels_and_annotations.yaml.
 */
export const kueueLabels = {
  /** A LocalQueue, on the top object. Immutable once it is not suspended. */
  queueName: 'kueue.x-k8s.io/queue-name',
  /** A WorkloadPriorityClass, on the top object. Mutable at any time; cannot be taken away. */
  priorityClass: 'kueue.x-k8s.io/priority-class',
  /** By Kueue on a Workload: the `metadata.uid` of the object that it stands for. */
  jobUid: 'kueue.x-k8s.io/job-uid',
  /** By Kueue on pods: which pod set of the Workload they belong to. */
  podSet: 'kueue.x-k8s.io/podset',
} as const;

export const kueueAnnotations = {
  /** Comma-separated gates; only at creation, later only fewer. */
  admissionGatedBy: 'kueue.x-k8s.io/admission-gated-by',
  /** By Kueue on pods: the name of the Workload. */
  workload: 'kueue.x-k8s.io/workload',
} as const;

/** On the pod templates of a step: Kueue reads them from each of its pod sets. */
export function topologyAnnotations(topology: Topology | undefined): Readonly<Record<string, string>> {
  if (topology === undefined) return {};
  const name = `kueue.x-k8s.io/podset-${topology.mode}-topology`;
  return { [name]: topology.mode === 'unconstrained' ? 'true' : topology.level };
}

/** For a set of one pod and another one that belong into one domain of a topology. */
export function groupAnnotations(topology: Topology | undefined, group: string): Readonly<Record<string, string>> {
  if (topology === undefined || topology.mode === 'unconstrained') return {};
  return { 'kueue.x-k8s.io/podset-group-name': group };
}

/** On the top object of a step: Kueue takes them at its creation only. */
export function gateAnnotations(gates: readonly string[] | undefined): Readonly<Record<string, string>> {
  return gates === undefined || gates.length === 0 ? {} : { [kueueAnnotations.admissionGatedBy]: gates.join(',') };
}

/** Labels of the top object of a step. */
export function queueLabels(queue: string, priorityClass?: string): Readonly<Record<string, string>> {
  return {
    [kueueLabels.queueName]: queue,
    ...(priorityClass === undefined ? {} : { [kueueLabels.priorityClass]: priorityClass }),
  };
}
