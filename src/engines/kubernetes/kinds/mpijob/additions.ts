import { podLayout } from '../../../../domain/pod-layout.ts';
import { buildPodWrapper, podHooks } from '../../../../domain/pod-wrapper.ts';
import type { MpiRequest, ResourceRequest } from '../../../../domain/resources.ts';
import type { StagingPlan } from '../../../../domain/staging.ts';
import type { WorkOrder } from '../../../../ports/engine.ts';
import { objectNameOf } from '../../names.ts';
import type { StepAdditions } from '../../pod/step-additions.ts';
import type { KindSurroundings } from '../kind.ts';
import { mpiBin, mpiFiles, mpiVariables, passwdFile } from './environment.ts';
import { launcherAfter, launcherBefore } from './launcher-script.ts';
import { hostsOf, tasksPerNode } from './members.ts';
import { rankBefore, rankNote, rankServe, rankSession } from './rank-script.ts';
import { launcherProgram, srunScript } from './srun-script.ts';

const wrapper = buildPodWrapper(podLayout, undefined, { bin: mpiBin, hooks: true });

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
      [mpiFiles.outputs]: lines(outputsOf(staging)),
      [mpiFiles.passwd]: passwdFile(settings.runAs),
      [mpiFiles.rankBefore]: rankBefore,
      [mpiFiles.rank]: rankServe,
      [mpiFiles.session]: rankSession,
      [mpiFiles.rankNote]: rankNote,
      ...(launcherProgram(mpi) === 'srun' && { [mpiFiles.srun]: srunScript(mpi) }),
    },
    request: requestOfOne(resources),
    memoryShare: { othersBytes: 0, pods: mpi.nodes },
    place: { layout: podLayout, wrapper, commandsIn: 'secret' },
  };
}

export function mpiOf({ mpi }: ResourceRequest): MpiRequest {
  return mpi ?? { command: 'mpirun', tasks: 1, nodes: 1 };
}

/** Tasks and memory are those of the whole step; devices are those of each node, as in Slurm, and files are in every pod. */
function requestOfOne(request: ResourceRequest): ResourceRequest {
  const mpi = mpiOf(request);
  const { memoryBytes } = request;
  return {
    ...request,
    ...(memoryBytes && { memoryBytes: { ...memoryBytes, value: Math.ceil(memoryBytes.value / mpi.nodes) } }),
    mpi: { ...mpi, tasks: tasksPerNode(mpi), nodes: 1 },
  };
}

/** What other pods may have too was brought there, or is not the step's to make. */
function outputsOf(staging: StagingPlan | undefined): readonly string[] {
  if (staging?.by !== 'agent') return [];
  return [...staging.outputs.filter(({ update, touch }) => !update && !touch), ...staging.logs].map(({ path }) => path);
}

function lines(texts: readonly string[]): string {
  return texts.map((text) => `${text}\n`).join('');
}
