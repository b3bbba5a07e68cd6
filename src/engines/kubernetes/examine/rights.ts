import type { AccessQuestion, CallOptions, ClusterClient } from '../client/cluster-client.ts';
import { type ResourceType, resources } from '../client/object.ts';
import { servedKindList } from '../kinds/registry.ts';
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

const { pods, secrets, workloads, localQueues, clusterQueues, priorityClasses } = resources;

/** What every run does. */
export function rights(): readonly Right[] {
  return [
    ...servedKindList().map(({ name, resource }) =>
      right(
        resource,
        ['create', 'get', 'list', 'watch', 'patch', 'delete'],
        name === 'job' ? undefined : `no step can be a ${resource.kind}`,
      ),
    ),
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

function right(
  { group, plural, namespaced }: ResourceType,
  verbs: readonly string[],
  without: string | undefined,
): Right {
  return { group, resource: plural, verbs, namespaced, ...(without !== undefined && { without }) };
}

/** Asks the API server what this user may do; changes nothing. */
export async function examineRights(
  client: Pick<ClusterClient, 'mayI' | 'namespace'>,
  options: CallOptions,
): Promise<readonly ClusterFinding[]> {
  const all = rights();
  const questions = all.flatMap((one) => one.verbs.map((verb) => questionOf(one, verb, client.namespace)));
  const answers = await client.mayI(questions, options);
  let asked = 0;
  const lacks = all.flatMap((one) => {
    const verbs = one.verbs.filter(() => answers[asked++] !== true);
    return verbs.length === 0 ? [] : [{ right: one, verbs }];
  });
  const needed = lacks.filter(({ right }) => right.without === undefined);
  const place = `in namespace ${client.namespace}`;
  return [
    needed.length === 0
      ? fine('rights', `all that a run needs ${place}`)
      : {
          name: 'rights',
          status: 'missing',
          detail: `this user may not ${needed.map(phraseOf).join('; ')} ${place}`,
          remedy: 'ask for the Role of deploy/rbac, which has exactly what a run needs',
        },
    ...lacks.flatMap(({ right, verbs }): ClusterFinding[] =>
      right.without === undefined
        ? []
        : [
            {
              name: 'rights',
              status: 'optional',
              detail: `may not ${phraseOf({ right, verbs })}: ${right.without}`,
              remedy: 'deploy/rbac has it',
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
