import { operatorOfKind, type WorkloadKind } from '../../../domain/kind.ts';
import type { ServedKind, ServedKinds } from '../../../domain/kind-selection.ts';
import type { KubernetesSettings } from '../../../domain/kubernetes-settings.ts';
import type { AccessQuestion, CallOptions, ClusterClient } from '../client/cluster-client.ts';
import { type ResourceType, resources } from '../client/object.ts';
import { versionsOf } from '../client/versions-of.ts';
import type { Kind } from './kind.ts';
import { kindList } from './registry.ts';

type Reader = Pick<ClusterClient, 'read' | 'mayI' | 'list' | 'namespace'>;

/** Which kinds a cluster serves to this user. */
export interface FoundKinds {
  readonly kinds: ServedKinds;
  /** What somebody should look at: an operator of a version that we do not know. */
  readonly warnings: readonly string[];
}

/** Without these a step of the kind could not be made or followed. */
const verbs = ['create', 'list', 'watch', 'delete'] as const;

/** In a namespace of a kind's own, where a run has no other business. */
const alsoThere: readonly { readonly type: ResourceType; readonly verbs: readonly string[] }[] = [
  { type: resources.jobs, verbs: ['list', 'watch'] },
  { type: resources.pods, verbs: ['list', 'watch'] },
  { type: resources.secrets, verbs: ['create'] },
  { type: resources.configMaps, verbs: ['create'] },
  { type: resources.workloads, verbs: ['list', 'watch'] },
  { type: resources.localQueues, verbs: ['list'] },
];

/**
 * Asks the cluster which of our kinds it has, and whether this user may use them. A kind that is not served is no error: it is one
 * for a step that needs it, with the reason. Jobs are Kubernetes' own, and are not asked for.
 */
export async function findServedKinds(
  client: Reader,
  settings: KubernetesSettings,
  options: CallOptions = {},
): Promise<FoundKinds> {
  const warnings: string[] = [];
  const found = new Map<WorkloadKind, ServedKind>();
  await Promise.all(
    kindList().map(async (kind) => {
      const namespace = kind.namespace?.(settings, client.namespace) ?? client.namespace;
      const refusal = kind.name === 'job' ? undefined : await refusalOf(client, kind, namespace, options);
      if (refusal?.isWarning) warnings.push(refusal.reason);
      found.set(kind.name, refusal ? { served: false, reason: refusal.reason } : { served: true });
    }),
  );
  return { kinds: Object.fromEntries(found) as ServedKinds, warnings };
}

interface Refusal {
  readonly reason: string;
  readonly isWarning: boolean;
}

async function refusalOf(
  client: Reader,
  kind: Kind,
  namespace: string,
  options: CallOptions,
): Promise<Refusal | undefined> {
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
  const isOwn = namespace !== client.namespace;
  const wanted = [{ type: kind.resource, verbs }, ...(isOwn ? alsoThere : [])];
  const questions = wanted.flatMap(({ type, verbs: wantedVerbs }) =>
    wantedVerbs.map((verb) => ({ verb, group: type.group, resource: type.plural, namespace })),
  );
  const answers = await client.mayI(questions, options);
  const lacking = questions.filter((_question, index) => answers[index] !== true);
  const deployed = isOwn ? 'deploy/flux' : 'deploy/rbac';
  if (lacking.length > 0) {
    const reason = `this user may not ${phraseOf(lacking)} in namespace ${namespace}; ${deployed} grants it`;
    return { reason, isWarning: false };
  }
  if (!isOwn) return undefined;
  const { items } = await client.list(resources.localQueues, { ...options, namespace });
  if (items.length > 0) return undefined;
  const reason = `there is no LocalQueue in namespace ${namespace}, where ${kind.resource.plural} are; ${deployed} makes one`;
  return { reason, isWarning: false };
}

/** `create, watch jobsets.jobset.x-k8s.io, list pods` */
function phraseOf(lacking: readonly AccessQuestion[]): string {
  const byResource = Map.groupBy(lacking, ({ group, resource }) => (group === '' ? resource : `${resource}.${group}`));
  return [...byResource]
    .map(([name, questions]) => `${questions.map(({ verb }) => verb).join(', ')} ${name}`)
    .join('; ');
}
