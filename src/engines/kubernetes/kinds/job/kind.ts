import { resources } from '../../client/object.ts';
import { mpiOfOnePod } from '../../pod/mpi-of-one-pod.ts';
import type { Kind } from '../kind.ts';
import { jobLimits } from './limits.ts';
import { jobManifest, jobPodSets } from './manifest.ts';
import { jobStatus } from './status.ts';
import { validateJob } from './validate.ts';

export const jobKind: Kind = {
  name: 'job',
  resource: resources.jobs,
  limits: jobLimits,
  validate: validateJob,
  additions: ({ spec }) => mpiOfOnePod(spec.resources),
  manifest: jobManifest,
  status: jobStatus,
  podSets: jobPodSets,
  // It has one pod at a time, and each of them is the step.
  roleOf: () => 'main',
};
