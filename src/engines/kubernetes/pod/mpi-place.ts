import { podLayout } from '../../../domain/pod-layout.ts';

/** Where scripts of an MPI step keep what they make; the pod's own. */
export const mpiFolder = `${podLayout.shared}/mpi`;
/** In front of PATH: launchers of ours. */
export const mpiBin = `${mpiFolder}/bin`;

/** Keys of the step's Secret. */
export const mpiHostsKey = 'hosts.openmpi';
export const srunKey = 'srun.sh';
