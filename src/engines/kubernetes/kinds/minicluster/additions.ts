import { buildPodWrapper, environmentFileName, podHooks } from '../../../../domain/pod-wrapper.ts';
import type { WorkOrder } from '../../../../ports/engine.ts';
import { outputsOfAnyPod, requestOfOnePod } from '../../pod/ranks.ts';
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
      [fluxFiles.outputs]: outputsOfAnyPod(staging)
        .map((path) => `${path}\n`)
        .join(''),
    },
    request: requestOfOnePod(resources, mpi, tasksPerPod(mpi)),
    memoryShare: { othersBytes: 0, pods: mpi.nodes },
    place: { layout: miniClusterLayout, wrapper, commandsIn: 'config-map' },
  };
}
