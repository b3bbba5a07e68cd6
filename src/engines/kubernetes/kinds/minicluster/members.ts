import type { MpiRequest, ResourceRequest } from '../../../../domain/resources.ts';

/** By Kubernetes on pods of an Indexed Job. The Flux instance is led by the pod of index 0. */
const indexLabel = 'batch.kubernetes.io/job-completion-index';

export function indexOf(labels: Readonly<Record<string, string>> | undefined): string | undefined {
  return labels?.[indexLabel];
}

/** A step that says nothing of MPI runs in an instance of one pod. */
export function tasksOf({ mpi }: Pick<ResourceRequest, 'mpi'>): MpiRequest {
  return mpi ?? { command: 'flux run', tasks: 1, nodes: 1 };
}

/** Flux may spread them unevenly; each pod has room for the most. */
export function tasksPerPod({ tasks, nodes, tasksPerNode }: MpiRequest): number {
  return tasksPerNode ?? Math.ceil(tasks / nodes);
}

/** As the Job controller makes it, with five random characters. */
export function longestPodName(name: string, size: number): string {
  return `${name}-${size - 1}-xxxxx`;
}
