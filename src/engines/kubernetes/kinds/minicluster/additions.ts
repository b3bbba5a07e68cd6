import { buildPodWrapper, environmentFileName, podHooks } from '../../../../domain/pod-wrapper.ts';
import type { ResourceRequest } from '../../../../domain/resources.ts';
import type { StagingPlan } from '../../../../domain/staging.ts';
import type { WorkOrder } from '../../../../ports/engine.ts';
import type { StepAdditions } from '../../pod/step-additions.ts';
import { followerScript } from './follower-script.ts';
import { launcherScript } from './launcher-script.ts';
import { leadAfter, leadBefore } from './lead-script.ts';
import { tasksOf, tasksPerPod } from './members.ts';
import { fluxFiles, miniClusterBin, miniClusterLayout } from './place.ts';

/** For how long the agent's image may be on its way: containers of a pod do not wait for each other here. */
const patienceSeconds = 3600;

const wrapper = buildPodWrapper(miniClusterLayout, undefined, {
  bin: miniClusterBin,
  hooks: true,
  environment: `${miniClusterLayout.shared}/${environmentFileName}`,
  patienceSeconds,
  isDiscreet: true,
});

/** For the lead's pod and for the followers': they have the same ConfigMap. An order that is validated. */
export function miniClusterAdditions({ spec }: WorkOrder): StepAdditions {
  const { resources, staging } = spec;
  const mpi = tasksOf(resources);
  const cores = Math.max(1, Math.ceil(resources.cpuMillis / 1000));
  return {
    env: {},
    files: {
      [podHooks.before]: leadBefore(resources.mpi?.command, mpi, cores),
      [podHooks.after]: leadAfter(mpi.nodes),
      [fluxFiles.launcher]: launcherScript(mpi, cores),
      [fluxFiles.follower]: followerScript,
      [fluxFiles.outputs]: outputsOf(staging)
        .map((path) => `${path}\n`)
        .join(''),
    },
    request: requestOfOne(resources),
    memoryShare: { othersBytes: 0, pods: mpi.nodes },
    place: { layout: miniClusterLayout, wrapper, commandsIn: 'config-map' },
  };
}

/** Tasks and memory are those of the whole step; devices are those of each node, as in Slurm, and files are in every pod. */
function requestOfOne(request: ResourceRequest): ResourceRequest {
  const mpi = tasksOf(request);
  const { memoryBytes } = request;
  return {
    ...request,
    ...(memoryBytes && { memoryBytes: { ...memoryBytes, value: Math.ceil(memoryBytes.value / mpi.nodes) } }),
    mpi: { ...mpi, tasks: tasksPerPod(mpi), nodes: 1 },
  };
}

/** What other pods may have too was brought there, or is not the step's to make. */
function outputsOf(staging: StagingPlan | undefined): readonly string[] {
  if (staging?.by !== 'agent') return [];
  return [...staging.outputs.filter(({ update, touch }) => !update && !touch), ...staging.logs].map(({ path }) => path);
}
