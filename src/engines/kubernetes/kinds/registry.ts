import { KonvergeError } from '../../../domain/error.ts';
import { type WorkloadKind, workloadKinds } from '../../../domain/kind.ts';
import type { ServedKinds } from '../../../domain/kind-selection.ts';
import { jobKind } from './job/kind.ts';
import { jobSetKind } from './jobset/kind.ts';
import type { Kind } from './kind.ts';
import { mpiJobKind } from './mpijob/kind.ts';

/** Every kind of workload on Kubernetes: what makes it, or why nothing does. */
const kinds: Readonly<Record<WorkloadKind, Kind | { readonly reason: string }>> = {
  job: jobKind,
  jobset: jobSetKind,
  mpijob: mpiJobKind,
  minicluster: { reason: 'this version makes no MiniClusters yet' },
};

/** Throws `kind-unserved`. */
export function kindOf(name: WorkloadKind): Kind {
  const entry = kinds[name];
  if ('reason' in entry)
    throw new KonvergeError('kind-unserved', `a ${name} cannot be run on Kubernetes: ${entry.reason}`);
  return entry;
}

/** Those that there are. */
export function servedKindList(): readonly Kind[] {
  return workloadKinds.flatMap((name) => {
    const entry = kinds[name];
    return 'reason' in entry ? [] : [entry];
  });
}

/** Of these, those that a cluster serves: what is followed on it. */
export function kindsIn(served: ServedKinds): readonly Kind[] {
  return servedKindList().filter(({ name }) => served[name].served);
}

/** What this version could make on a cluster that has everything. */
export function servedKinds(): ServedKinds {
  const entries = workloadKinds.map((name) => {
    const entry = kinds[name];
    return [name, 'reason' in entry ? { served: false, reason: entry.reason } : { served: true }];
  });
  return Object.fromEntries(entries) as ServedKinds;
}
