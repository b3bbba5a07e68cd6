import { resources } from '../../client/object.ts';
import { objectNameOf } from '../../names.ts';
import { mpiOfOnePod } from '../../pod/mpi-of-one-pod.ts';
import type { Kind } from '../kind.ts';
import { addressVariables, hostsOf } from './addresses.ts';
import { jobSetLimits } from './limits.ts';
import { jobSetManifest, jobSetPodSets } from './manifest.ts';
import { applicationName } from './members.ts';
import { serviceMemoryBytes } from './service-template.ts';
import { jobSetStatus } from './status.ts';
import { validateJobSet } from './validate.ts';

/** By JobSet on pods: the replicated job that they are of. */
const memberLabel = 'jobset.sigs.k8s.io/replicatedjob-name';

export const jobSetKind: Kind = {
  name: 'jobset',
  resource: resources.jobSets,
  limits: jobSetLimits,
  validate: validateJobSet,
  additions: ({ id, spec }, { context }) => {
    const additions = mpiOfOnePod(spec.resources);
    const jobSet = objectNameOf(context.run, id, spec.rule, 'jobset');
    return {
      ...additions,
      env: { ...additions.env, ...addressVariables(spec.services, jobSet) },
      hosts: hostsOf(spec.services, jobSet),
      memoryShare: { othersBytes: sum(spec.services.map(serviceMemoryBytes)), pods: 1 },
    };
  },
  manifest: jobSetManifest,
  podSets: jobSetPodSets,
  status: jobSetStatus,
  roleOf: ({ metadata }) => (metadata.labels?.[memberLabel] === applicationName ? 'main' : 'service'),
};

function sum(amounts: readonly number[]): number {
  return amounts.reduce((total, amount) => total + amount, 0);
}
