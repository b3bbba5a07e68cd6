import { containerNames } from '../../../../domain/pod-layout.ts';
import { resources } from '../../client/object.ts';
import type { Kind } from '../kind.ts';
import { miniClusterAdditions } from './additions.ts';
import { miniClusterLimits } from './limits.ts';
import { miniClusterManifest, miniClusterPodSets } from './manifest.ts';
import { indexOf } from './members.ts';
import { miniClusterStatus } from './status.ts';
import { validateMiniCluster } from './validate.ts';

export const miniClusterKind: Kind = {
  name: 'minicluster',
  resource: resources.miniClusters,
  queued: resources.jobs,
  limits: miniClusterLimits,
  namespace: ({ miniClusterNamespace }, namespace) => miniClusterNamespace ?? `${namespace}-flux`,
  validate: validateMiniCluster,
  additions: miniClusterAdditions,
  manifest: miniClusterManifest,
  podSets: miniClusterPodSets,
  status: miniClusterStatus,
  // A pod whose index is not known says nothing of how the step ended.
  roleOf: ({ metadata }) => (indexOf(metadata.labels) === '0' ? 'main' : 'rank'),
  // The operator names the one that runs Flux like the object.
  containers: (object) => ({ step: object, agent: containerNames.agent, isDiscreet: true }),
};
