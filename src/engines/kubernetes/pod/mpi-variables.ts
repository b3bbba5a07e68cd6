import { podLayout } from '../../../domain/pod-layout.ts';
import { mpiHostsKey } from './mpi-place.ts';

const hosts = `${podLayout.commands}/${mpiHostsKey}`;

/**
 * What the launchers of all MPIs read in a pod, each its own; of an MPIJob there is more (kinds/mpijob/environment.ts). Without the list
 * of hosts Open MPI would count the cores of the node, and refuse more ranks than that.
 *
 * Binding is off: pods that share a node would all bind their first rank to its first core.
 */
export const mpiPodVariables = {
  // Open MPI 4 (ORTE).
  OMPI_MCA_orte_default_hostfile: hosts,
  OMPI_MCA_hwloc_base_binding_policy: 'none',
  // Attaching to a neighbour's memory needs rights that a restricted container has not.
  OMPI_MCA_btl_vader_single_copy_mechanism: 'none',
  OMPI_ALLOW_RUN_AS_ROOT: '1',
  OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1',
  // Open MPI 5 (PRRTE), which does not read those of 4.
  PRTE_MCA_prte_default_hostfile: hosts,
  PRTE_MCA_hwloc_default_binding_policy: 'none',
  PRTE_ALLOW_RUN_AS_ROOT: '1',
  PRTE_ALLOW_RUN_AS_ROOT_CONFIRM: '1',
  // Intel MPI.
  I_MPI_PIN: 'off',
} as const;
