import type { MpiRequest } from '../../../../domain/resources.ts';

/** By the operator on pods: which of the two they are. */
export const roleLabel = 'training.kubeflow.org/job-role';

/**
 * Host names of an MPIJob's pods, of which the first one has the launcher, and so rank 0. They are those that the operator gives; the
 * search domains of a pod complete them. The launcher's own is that of its host, which MPICH and Open MPI know as theirs
 * without asking anybody.
 */
export function hostsOf(name: string, namespace: string, nodes: number): readonly string[] {
  const workers = Array.from(
    { length: nodes - 1 },
    (_none, index) => `${workerName(name, index)}.${name}.${namespace}.svc`,
  );
  return [`${name}-launcher`, ...workers];
}

export function workerName(name: string, index: number): string {
  return `${name}-worker-${index}`;
}

/** It comes out even: nothing else passes the front end. */
export function tasksPerNode({ tasks, nodes }: MpiRequest): number {
  return tasks / nodes;
}
