import { podLayout } from '../../../domain/pod-layout.ts';
import { buildPodWrapper } from '../../../domain/pod-wrapper.ts';
import type { StepPlace } from './step-additions.ts';

/** Where scripts of an MPI step keep what they make; the pod's own. */
export const mpiFolder = `${podLayout.shared}/mpi`;
/** In front of PATH: launchers of ours. */
export const mpiBin = `${mpiFolder}/bin`;

/** Keys of the step's Secret. */
export const mpiHostsKey = 'hosts.openmpi';
export const srunKey = 'srun.sh';

/** Of a step whose pods have hooks and launchers of ours. */
export const mpiStepPlace: StepPlace = {
  layout: podLayout,
  wrapper: buildPodWrapper(podLayout, undefined, { bin: mpiBin, hooks: true }),
  commandsIn: 'secret',
};
