import { resources } from '../../client/object.ts';
import type { Kind } from '../kind.ts';
import { mpiJobAdditions } from './additions.ts';
import { mpiJobLimits } from './limits.ts';
import { mpiJobManifest, mpiJobPodSets } from './manifest.ts';
import { roleLabel } from './members.ts';
import { mpiJobStatus } from './status.ts';
import { validateMpiJob } from './validate.ts';

export const mpiJobKind: Kind = {
  name: 'mpijob',
  resource: resources.mpiJobs,
  limits: mpiJobLimits,
  validate: validateMpiJob,
  additions: mpiJobAdditions,
  manifest: mpiJobManifest,
  podSets: mpiJobPodSets,
  status: mpiJobStatus,
  roleOf: ({ metadata }) => (metadata.labels?.[roleLabel] === 'launcher' ? 'main' : 'rank'),
};
