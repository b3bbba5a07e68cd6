import { asKonvergeError } from '../../../domain/error.ts';
import type { KubernetesSettings, PodSecurity } from '../../../domain/kubernetes-settings.ts';
import type { CallOptions, ClusterClient } from '../client/cluster-client.ts';
import { isRecord } from '../kueue/condition.ts';
import { type ClusterFinding, fine } from './finding.ts';

const enforceLabel = 'pod-security.kubernetes.io/enforce';

/** What `restricted` lets a pod mount; source: pod-security-standards of the Kubernetes documentation. */
const restrictedVolumes: ReadonlySet<string> = new Set([
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'persistentVolumeClaim',
  'projected',
  'secret',
]);

export interface PodWishes {
  readonly settings: Pick<
    KubernetesSettings,
    'security' | 'volumes' | 'agentImage' | 'defaultImage' | 'snakemakeImage'
  >;
  /** Rules that konverge.yaml gives a security of their own. */
  readonly rules: readonly { readonly rule: string; readonly security: PodSecurity }[];
}

/** The images of a step's pod: they are named, for only a node can say whether it can pull them. */
export function examineImages({ agentImage, defaultImage, snakemakeImage }: PodWishes['settings']): ClusterFinding[] {
  return [
    fine('agent image', `${agentImage}; the nodes must be able to pull it (images.agent)`),
    defaultImage === undefined
      ? {
          name: 'default image',
          status: 'optional',
          detail: 'none: each rule needs a container: of its own',
          remedy: 'images.default in konverge.yaml, or --kueue-image',
        }
      : fine('default image', defaultImage),
    snakemakeImage === undefined && defaultImage === undefined
      ? {
          name: 'snakemake image',
          status: 'optional',
          detail: 'none: steps that only Snakemake itself can run are refused',
          remedy: 'images.snakemake in konverge.yaml',
        }
      : fine('snakemake image', snakemakeImage ?? `${defaultImage}, as the default; it needs Snakemake and the plugin`),
  ];
}

/** Whether the namespace takes the pods that we make. */
export async function examineSecurity(
  client: Pick<ClusterClient, 'read' | 'namespace'>,
  wishes: PodWishes,
  options: CallOptions,
): Promise<ClusterFinding> {
  const namespace = await readNamespace(client, options);
  if (namespace === 'absent') {
    const detail = `there is no namespace ${client.namespace}`;
    return { name: 'namespace', status: 'missing', detail, remedy: 'set namespace in konverge.yaml, or --namespace' };
  }
  const { security } = wishes.settings;
  if (namespace === 'hidden') return fine('pod security', `${security}; what the namespace asks for may not be seen`);
  return securityFinding(namespace[enforceLabel], wishes);
}

/** Pure. `enforced`: the namespace's label; absent where nothing is enforced. */
export function securityFinding(enforced: string | undefined, { settings, rules }: PodWishes): ClusterFinding {
  const name = 'pod security';
  const { security, volumes } = settings;
  const remedy = 'use what the namespace allows, or ask for its label to be changed';
  const refused = (detail: string): ClusterFinding => ({ name, status: 'missing', detail, remedy });
  if (enforced === undefined || enforced === 'privileged') {
    return fine(name, `${security}; the namespace enforces ${enforced ?? 'none'}`);
  }
  const label = `the namespace enforces ${enforced}`;
  const kinds = volumes.map(({ name: volume, source }) => ({ volume, kind: Object.keys(source)[0] ?? '' }));
  const forbidden = kinds.filter(({ kind }) =>
    enforced === 'restricted' ? !restrictedVolumes.has(kind) : kind === 'hostPath',
  );
  if (forbidden.length > 0) {
    return refused(`${label}: volume ${forbidden.map(({ volume, kind }) => `${volume} (${kind})`).join(', ')}`);
  }
  if (enforced !== 'restricted') return fine(name, `${security}; ${label}`);
  if (security !== 'restricted') return refused(`${label}, and kubernetes.security is ${security}`);
  const loose = rules.filter((one) => one.security !== 'restricted');
  if (loose.length === 0) return fine(name, `${security}; ${label}`);
  const list = loose.map(({ rule, security: own }) => `${rule} (${own})`).join(', ');
  return { name, status: 'warning', detail: `${label}; steps of these rules will be refused: ${list}`, remedy };
}

async function readNamespace(
  client: Pick<ClusterClient, 'read' | 'namespace'>,
  options: CallOptions,
): Promise<Readonly<Record<string, string>> | 'absent' | 'hidden'> {
  try {
    const found = await client.read(`/api/v1/namespaces/${encodeURIComponent(client.namespace)}`, options);
    if (found === undefined) return 'absent';
    const metadata = isRecord(found) && isRecord(found['metadata']) ? found['metadata'] : {};
    return isRecord(metadata['labels']) ? (metadata['labels'] as Readonly<Record<string, string>>) : {};
  } catch (thrown) {
    if (asKonvergeError(thrown).code === 'cluster-forbidden') return 'hidden';
    throw thrown;
  }
}
