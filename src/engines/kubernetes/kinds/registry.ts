import { type WorkloadKind, workloadKinds } from '../../../domain/kind.ts';
import type { ServedKinds } from '../../../domain/kind-selection.ts';
import { jobKind } from './job/kind.ts';
import { jobSetKind } from './jobset/kind.ts';
import type { Kind } from './kind.ts';
import { miniClusterKind } from './minicluster/kind.ts';
import { mpiJobKind } from './mpijob/kind.ts';

/** Every kind of workload on Kubernetes, and what makes it. */
const kinds: Readonly<Record<WorkloadKind, Kind>> = {
  job: jobKind,
  jobset: jobSetKind,
  mpijob: mpiJobKind,
  minicluster: miniClusterKind,
};

export function kindOf(name: WorkloadKind): Kind {
  return kinds[name];
}

export function kindList(): readonly Kind[] {
  return workloadKinds.map(kindOf);
}

/** Of these, those that a cluster serves: what is followed on it. */
export function kindsIn(served: ServedKinds): readonly Kind[] {
  return kindList().filter(({ name }) => served[name].served);
}
