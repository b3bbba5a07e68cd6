import { podHooks } from '../../../domain/pod-wrapper.ts';
import type { ResourceRequest } from '../../../domain/resources.ts';
import { mpiBin, mpiHostsKey, mpiStepPlace, srunKey } from './mpi-place.ts';
import { mpiPodVariables } from './mpi-variables.ts';
import { launcherProgram, srunScript, srunStandIn } from './srun-script.ts';
import { noAdditions, type StepAdditions } from './step-additions.ts';

/** Of a step whose ranks all are in its one pod: its mpirun finds its room, and one that names srun finds a launcher. */
export function mpiOfOnePod({ mpi }: ResourceRequest): StepAdditions {
  if (mpi === undefined) return noAdditions;
  const isSrun = launcherProgram(mpi) === 'srun';
  return {
    env: mpiPodVariables,
    files: {
      [mpiHostsKey]: `localhost slots=${mpi.tasks}\n`,
      ...(isSrun && { [podHooks.before]: `mkdir -p '${mpiBin}'\n${srunStandIn}`, [srunKey]: srunScript(mpi) }),
    },
    sharedMemory: true,
    ...(isSrun && { place: mpiStepPlace }),
  };
}
