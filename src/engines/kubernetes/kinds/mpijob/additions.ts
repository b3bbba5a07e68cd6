import { podHooks } from '../../../../domain/pod-wrapper.ts';
import type { MpiRequest, ResourceRequest } from '../../../../domain/resources.ts';
import type { WorkOrder } from '../../../../ports/engine.ts';
import { objectNameOf } from '../../names.ts';
import { mpiStepPlace } from '../../pod/mpi-place.ts';
import { outputsOfAnyPod, requestOfOnePod } from '../../pod/ranks.ts';
import { launcherProgram, srunScript } from '../../pod/srun-script.ts';
import type { StepAdditions } from '../../pod/step-additions.ts';
import type { KindSurroundings } from '../kind.ts';
import { mpiFiles, mpiVariables, passwdFile } from './environment.ts';
import { launcherAfter, launcherBefore } from './launcher-script.ts';
import { hostsOf, tasksPerNode } from './members.ts';
import { rankBefore, rankNote, rankServe, rankSession } from './rank-script.ts';

/** For the launcher and for the other pods: they have the same Secret. An order that is validated. */
export function mpiJobAdditions({ id, spec }: WorkOrder, { settings, context }: KindSurroundings): StepAdditions {
  const { rule, resources, staging } = spec;
  const mpi = mpiOf(resources);
  const slots = tasksPerNode(mpi);
  const hosts = hostsOf(objectNameOf(context.run, id, rule, 'mpijob'), context.namespace, mpi.nodes);
  return {
    env: mpiVariables(slots),
    files: {
      [podHooks.before]: launcherBefore(mpi.command),
      [podHooks.after]: launcherAfter,
      [mpiFiles.openMpiHosts]: lines(hosts.map((host) => `${host} slots=${slots}`)),
      [mpiFiles.hydraHosts]: lines(hosts.map((host) => `${host}:${slots}`)),
      [mpiFiles.workers]: lines(hosts.slice(1)),
      [mpiFiles.outputs]: lines(outputsOfAnyPod(staging)),
      [mpiFiles.passwd]: passwdFile(settings.runAs),
      [mpiFiles.rankBefore]: rankBefore,
      [mpiFiles.rank]: rankServe,
      [mpiFiles.session]: rankSession,
      [mpiFiles.rankNote]: rankNote,
      ...(launcherProgram(mpi) === 'srun' && { [mpiFiles.srun]: srunScript(mpi) }),
    },
    request: requestOfOnePod(resources, mpi, slots),
    memoryShare: { othersBytes: 0, pods: mpi.nodes },
    sharedMemory: true,
    place: mpiStepPlace,
  };
}

export function mpiOf({ mpi }: ResourceRequest): MpiRequest {
  return mpi ?? { command: 'mpirun', tasks: 1, nodes: 1 };
}

function lines(texts: readonly string[]): string {
  return texts.map((text) => `${text}\n`).join('');
}
