import type { MpiRequest } from '../../domain/resources.ts';

/**
 * What mpirun needs to know on one machine, whatever `nodes` says: all tasks run here. Open MPI 4 reads OMPI_*, Open MPI 5
 * PRTE_*; MPICH needs none of it.
 */
export function mpiEnvironment(
  mpi: MpiRequest | undefined,
  machine: { readonly cores: number; readonly uid: number },
): Record<string, string> {
  if (mpi === undefined) return {};
  const env: Record<string, string> = {};
  if (machine.uid === 0) {
    // Open MPI refuses to run as root, which in a container is the usual user.
    env['OMPI_ALLOW_RUN_AS_ROOT'] = '1';
    env['OMPI_ALLOW_RUN_AS_ROOT_CONFIRM'] = '1';
    env['PRTE_ALLOW_RUN_AS_ROOT'] = '1';
    env['PRTE_ALLOW_RUN_AS_ROOT_CONFIRM'] = '1';
  }
  // Open MPI counts cores, not hardware threads, and refuses more tasks than that.
  if (mpi.tasks > machine.cores) {
    env['OMPI_MCA_rmaps_base_oversubscribe'] = '1';
    env['PRTE_MCA_rmaps_default_mapping_policy'] = ':oversubscribe';
  }
  return env;
}
