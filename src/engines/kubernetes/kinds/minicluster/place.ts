import { podLayoutIn } from '../../../../domain/pod-wrapper.ts';

/** Where the operator mounts the one directory that all containers of a pod share: `flux.container.mountPath`. */
export const fluxMount = '/mnt/flux';

export const miniClusterLayout = podLayoutIn(`${fluxMount}/konverge`);

/** In front of PATH: a launcher of MPI that asks Flux. */
export const miniClusterBin = `${miniClusterLayout.shared}/bin`;
/** What the lead's scripts write down. */
export const leadNotes = `${miniClusterLayout.shared}/lead`;

/** Keys of the ConfigMap, beside the wrapper and the commands. */
export const fluxFiles = {
  /** Takes the place of mpirun. */
  launcher: 'launch.sh',
  /** What the lead has followers do. */
  follower: 'follower.sh',
  /** Declared outputs, a path a line. */
  outputs: 'outputs',
} as const;
