import type { WorkloadKind } from '../../../domain/kind.ts';
import type { KubernetesSettings } from '../../../domain/kubernetes-settings.ts';
import type { WorkOrder } from '../../../ports/engine.ts';
import { samples } from '../pod/sample-orders.ts';
import { jobSetSamples } from './jobset/samples.ts';
import { miniClusterSamples } from './minicluster/samples.ts';
import { mpiJobSamples } from './mpijob/samples.ts';

/** For tests: an order of a kind, with the settings under which it is made. */
export interface KindSample {
  readonly order: WorkOrder;
  readonly settings?: Partial<KubernetesSettings>;
}

/** For tests: what each kind is made of. */
export const samplesOf: Readonly<Record<WorkloadKind, Readonly<Record<string, KindSample>>>> = {
  job: samples,
  jobset: jobSetSamples,
  mpijob: mpiJobSamples,
  minicluster: miniClusterSamples,
};
