import { operatorOfKind, type WorkloadKind, workloadKinds } from '../../../domain/kind.ts';
import type { ServedKind, ServedKinds } from '../../../domain/kind-selection.ts';
import type { CallOptions, ClusterClient } from '../client/cluster-client.ts';
import { versionsOf } from '../client/versions-of.ts';
import type { Kind } from './kind.ts';
import { servedKindList, servedKinds } from './registry.ts';

type Reader = Pick<ClusterClient, 'read' | 'mayI' | 'namespace'>;

/** Which kinds a cluster serves to this user. */
export interface FoundKinds {
  readonly kinds: ServedKinds;
  /** What somebody should look at: an operator of a version that we do not know. */
  readonly warnings: readonly string[];
}

/** Without these a step of the kind could not be made or followed. */
const verbs = ['create', 'list', 'watch', 'delete'] as const;

/**
 * Asks the cluster which of our kinds it has, and whether this user may use them. A kind that is not served is no error: it is one
 * for a step that needs it, with the reason. Jobs are Kubernetes' own, and are not asked for.
 */
export async function findServedKinds(client: Reader, options: CallOptions = {}): Promise<FoundKinds> {
  const warnings: string[] = [];
  const found = new Map<WorkloadKind, ServedKind>();
  await Promise.all(
    servedKindList().map(async (kind) => {
      const refusal = kind.name === 'job' ? undefined : await refusalOf(client, kind, options);
      if (refusal?.isWarning) warnings.push(refusal.reason);
      found.set(kind.name, refusal ? { served: false, reason: refusal.reason } : { served: true });
    }),
  );
  const ours = servedKinds();
  const entries = workloadKinds.map((name) => [name, found.get(name) ?? ours[name]]);
  return { kinds: Object.fromEntries(entries) as ServedKinds, warnings };
}

interface Refusal {
  readonly reason: string;
  readonly isWarning: boolean;
}

async function refusalOf(client: Reader, kind: Kind, options: CallOptions): Promise<Refusal | undefined> {
  const { group, version, plural } = kind.resource;
  const operator = operatorOfKind[kind.name];
  const versions = (await versionsOf(client, kind.resource, options)) ?? [];
  if (versions.length === 0) {
    const reason = `the cluster serves no ${plural}.${group}: ${operator} is not installed`;
    return { reason, isWarning: false };
  }
  if (!versions.includes(version)) {
    const reason = `the cluster serves ${plural}.${group} in ${versions.join(', ')}, which konverge does not know: it needs ${version}`;
    return { reason, isWarning: true };
  }
  const questions = verbs.map((verb) => ({ verb, group, resource: plural, namespace: client.namespace }));
  const answers = await client.mayI(questions, options);
  const lacking = verbs.filter((_verb, index) => answers[index] !== true);
  if (lacking.length === 0) return undefined;
  const may = `this user may not ${lacking.join(', ')} ${plural}.${group} in namespace ${client.namespace}`;
  return { reason: `${may}; deploy/rbac grants it`, isWarning: false };
}
