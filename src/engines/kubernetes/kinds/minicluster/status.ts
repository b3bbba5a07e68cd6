import type { KubernetesObject } from '../../client/object.ts';
import { jobStatus } from '../job/status.ts';
import type { WorkloadStatus } from '../kind.ts';

/**
 * Of the Indexed Job that the operator has made: the MiniCluster's own status says Ready, and then nothing ever again
 * (controllers/flux/minicluster.go).
 */
export function miniClusterStatus(job: KubernetesObject): WorkloadStatus {
  return jobStatus(job);
}
