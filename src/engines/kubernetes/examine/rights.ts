import type { KubernetesSettings } from '../../../domain/kubernetes-settings.ts';
import type { AccessQuestion, CallOptions, ClusterClient } from '../client/cluster-client.ts';
import { type ResourceType, resources } from '../client/object.ts';
import { versionsOf } from '../client/versions-of.ts';
import type { Kind } from '../kinds/kind.ts';
import { kindList } from '../kinds/registry.ts';
import { type ClusterFinding, fine } from './finding.ts';

/** Something that this engine does with a kind of object. deploy/rbac grants exactly these; a test holds the two together. */
export interface Right {
  /** Empty for the core group. */
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly verbs: readonly string[];
  readonly namespaced: boolean;
  /** What is lost without it; absent: nothing goes without it. */
  readonly without?: string;
}

const { pods, secrets, configMaps, workloads, localQueues, clusterQueues, priorityClasses } = resources;

const ofSteps = ['create', 'get', 'list', 'watch', 'patch', 'delete'] as const;

/** What every run does in its namespace. */
export function rights(): readonly Right[] {
  return [
    ...kindList()
      .filter((kind) => kind.namespace === undefined)
      .map(({ name, resource }) =>
        right(resource, ofSteps, name === 'job' ? undefined : `no step can be a ${resource.kind}`),
      ),
    ...everywhere(),
    right(clusterQueues, ['get', 'list'], 'no quotas: a step that asks for too much is found only when Kueue says so'),
    right(
      priorityClasses,
      ['get', 'list'],
      'a priority class that does not exist is found only when a step is refused',
    ),
    {
      group: '',
      resource: 'namespaces',
      verbs: ['get'],
      namespaced: true,
      without: 'the Pod Security standard of the namespace is not seen',
    },
  ];
}

/** What it does in the namespace of a kind that has one for itself. */
export function rightsOf({ resource, queued }: Kind): readonly Right[] {
  return [
    right(resource, ofSteps, undefined),
    ...(queued === undefined ? [] : [right(queued, ['get', 'list', 'watch', 'patch'], undefined)]),
    right(configMaps, ['create', 'get'], undefined),
    ...everywhere(),
  ];
}

function everywhere(): readonly Right[] {
  return [
    right(pods, ['get', 'list', 'watch'], undefined),
    { ...right(pods, ['get'], undefined), subresource: 'log' },
    // To be read only where the answer to a POST was lost. Who may create pods can read the Secrets of the namespace anyway.
    right(secrets, ['create', 'get'], undefined),
    right(workloads, ['get', 'list', 'watch'], undefined),
    right(localQueues, ['get', 'list'], undefined),
    {
      group: 'visibility.kueue.x-k8s.io',
      resource: 'localqueues',
      subresource: 'pendingworkloads',
      verbs: ['get'],
      namespaced: true,
      without: 'no positions of steps that wait in a queue',
    },
  ];
}

function right(
  { group, plural, namespaced }: ResourceType,
  verbs: readonly string[],
  without: string | undefined,
): Right {
  return { group, resource: plural, verbs, namespaced, ...(without !== undefined && { without }) };
}

/** Where rights are asked for, and what grants them. */
interface RightsPlace {
  readonly rights: readonly Right[];
  readonly namespace: string;
  readonly deployed: string;
  /** Of what somebody may never use. */
  readonly isOptional: boolean;
}

/** Asks the API server what this user may do; changes nothing. */
export function examineRights(
  client: Pick<ClusterClient, 'mayI' | 'namespace'>,
  options: CallOptions,
): Promise<readonly ClusterFinding[]> {
  const { namespace } = client;
  return examine(client, { rights: rights(), namespace, deployed: 'deploy/rbac', isOptional: false }, options);
}

/** The same in the namespaces of kinds that have one for themselves, as far as the cluster serves them. */
export async function examineRightsElsewhere(
  client: Pick<ClusterClient, 'mayI' | 'namespace' | 'read'>,
  settings: KubernetesSettings,
  options: CallOptions,
): Promise<readonly ClusterFinding[]> {
  const findings = await Promise.all(
    kindList().map(async (kind) => {
      const namespace = kind.namespace?.(settings, client.namespace);
      if (namespace === undefined || namespace === client.namespace) return [];
      if ((await versionsOf(client, kind.resource, options)) === undefined) return [];
      return examine(client, { rights: rightsOf(kind), namespace, deployed: 'deploy/flux', isOptional: true }, options);
    }),
  );
  return findings.flat();
}

async function examine(
  client: Pick<ClusterClient, 'mayI'>,
  { rights: all, namespace, deployed, isOptional }: RightsPlace,
  options: CallOptions,
): Promise<readonly ClusterFinding[]> {
  const questions = all.flatMap((one) => one.verbs.map((verb) => questionOf(one, verb, namespace)));
  const answers = await client.mayI(questions, options);
  let asked = 0;
  const lacks = all.flatMap((one) => {
    const verbs = one.verbs.filter(() => answers[asked++] !== true);
    return verbs.length === 0 ? [] : [{ right: one, verbs }];
  });
  const needed = lacks.filter(({ right }) => right.without === undefined);
  const place = `in namespace ${namespace}`;
  return [
    needed.length === 0
      ? fine('rights', `all that a run needs ${place}`)
      : {
          name: 'rights',
          status: isOptional ? 'optional' : 'missing',
          detail: `this user may not ${needed.map(phraseOf).join('; ')} ${place}`,
          remedy: `ask for the Role of ${deployed}, which has exactly what a run needs`,
        },
    ...lacks.flatMap(({ right, verbs }): ClusterFinding[] =>
      right.without === undefined
        ? []
        : [
            {
              name: 'rights',
              status: 'optional',
              detail: `may not ${phraseOf({ right, verbs })}: ${right.without}`,
              remedy: `${deployed} has it`,
            },
          ],
    ),
  ];
}

function questionOf(one: Right, verb: string, namespace: string): AccessQuestion {
  const { group, resource, subresource, namespaced } = one;
  return {
    verb,
    group,
    resource,
    ...(subresource !== undefined && { subresource }),
    ...(namespaced && { namespace }),
  };
}

/** `create, delete jobs.batch`. */
function phraseOf({ right, verbs }: { readonly right: Right; readonly verbs: readonly string[] }): string {
  const name = right.group === '' ? right.resource : `${right.resource}.${right.group}`;
  return `${verbs.join(', ')} ${right.subresource === undefined ? name : `${name}/${right.subresource}`}`;
}
