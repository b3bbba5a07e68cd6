import type { MpiRequest, ResourceRequest } from '../../../domain/resources.ts';
import type { StagingPlan } from '../../../domain/staging.ts';

/**
 * What one of the pods of an MPI step asks for. Tasks and memory are those of the whole step; devices are those of each node, as in
 * Slurm, and files are in every pod.
 * @param tasks  of one pod
 */
export function requestOfOnePod(request: ResourceRequest, mpi: MpiRequest, tasks: number): ResourceRequest {
  const { memoryBytes } = request;
  return {
    ...request,
    ...(memoryBytes && { memoryBytes: { ...memoryBytes, value: Math.ceil(memoryBytes.value / mpi.nodes) } }),
    mpi: { ...mpi, tasks, nodes: 1 },
  };
}

/** Paths that any of the pods may make. What else other pods have too was brought there, or is not the step's to make. */
export function outputsOfAnyPod(staging: StagingPlan | undefined): readonly string[] {
  if (staging?.by !== 'agent') return [];
  return [...staging.outputs.filter(({ update, touch }) => !update && !touch), ...staging.logs].map(({ path }) => path);
}
