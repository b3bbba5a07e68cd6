import { asKonvergeError, KonvergeError } from '../../../domain/error.ts';
import type { ClusterClient } from '../client/cluster-client.ts';
import { type KubernetesObject, resources } from '../client/object.ts';
import { isRecord } from './condition.ts';
import type { NamespaceFacts } from './namespace-selector.ts';
import { type QueueFacts, queueFactsOf } from './queue-facts.ts';
import { kueueQueueHints } from './queue-hints.ts';

/** What is asked before the first step is submitted. */
export interface QueueReport {
  /** All LocalQueues of the namespace, by name. */
  readonly queues: ReadonlyMap<string, QueueFacts>;
  /** Why less is known than could be: the user may not read ClusterQueues, … */
  readonly unknown: readonly string[];
}

type Reader = Pick<ClusterClient, 'namespace' | 'get' | 'list' | 'read'>;

/**
 * Reads the queues of the client's namespace, in two to four requests. What a user may not see is left out and named; errors
 * that say that nothing at all can be submitted are thrown: `crd-missing`, `cluster-forbidden` for the LocalQueues, and the
 * client's own.
 */
export async function readQueues(client: Reader, signal?: AbortSignal): Promise<QueueReport> {
  const options = signal === undefined ? {} : { signal };
  await requireKueue(client, options);
  const localQueues = (await client.list(resources.localQueues, options)).items;
  const unknown: string[] = [];
  const clusterQueues = await readClusterQueues(client, localQueues, options, unknown);
  const namespace = await readNamespace(client, [...clusterQueues.values()], options);
  const facts = localQueues.map((localQueue) => {
    const target = clusterQueueOf(localQueue);
    const clusterQueue = clusterQueues.has(target) ? clusterQueues.get(target) : undefined;
    return queueFactsOf(localQueue, clusterQueue, namespace);
  });
  return { queues: new Map(facts.map((fact) => [fact.name, fact])), unknown };
}

/** The version of Kueue's API that we speak; newer ones serve it beside their own. */
const version = resources.workloads.version;

interface Options {
  readonly signal?: AbortSignal;
}

/** Throws `crd-missing` unless the cluster serves Kueue's objects in the version that we speak. */
export async function requireKueue(client: Pick<Reader, 'read'>, options: Options = {}): Promise<void> {
  const { group } = resources.workloads;
  const served = await client.read(`/apis/${group}`, options);
  if (served === undefined) {
    throw new KonvergeError('crd-missing', `Kueue is not installed: the cluster serves nothing of ${group}`);
  }
  const versions = isRecord(served) && Array.isArray(served['versions']) ? served['versions'].filter(isRecord) : [];
  const names = versions.map((entry) => String(entry['version']));
  if (!names.includes(version)) {
    throw new KonvergeError(
      'crd-missing',
      `the cluster serves ${group} in ${names.join(', ') || 'no version'}, and ${version} is needed (Kueue 0.16 or newer)`,
    );
  }
}

async function readClusterQueues(
  client: Reader,
  localQueues: readonly KubernetesObject[],
  options: Options,
  unknown: string[],
): Promise<Map<string, KubernetesObject | 'unknown'>> {
  const names = [...new Set(localQueues.map(clusterQueueOf))];
  if (names.length === 0) return new Map();
  const all = await unlessForbidden(client.list(resources.clusterQueues, options));
  if (all !== 'forbidden') return new Map(all.items.map((item) => [item.metadata.name, item]));
  unknown.push(
    'this user may not read ClusterQueues, so their quotas are not known and a step that asks for too much is found only when Kueue says so',
  );
  return new Map(names.map((name) => [name, 'unknown' as const]));
}

/** Its labels only if a selector may ask for them. */
async function readNamespace(
  client: Reader,
  clusterQueues: readonly (KubernetesObject | 'unknown')[],
  options: Options,
): Promise<NamespaceFacts> {
  const name = client.namespace;
  const asks = clusterQueues.some((queue) => {
    const selector = queue === 'unknown' ? undefined : queue.spec?.['namespaceSelector'];
    return isRecord(selector) && Object.keys(selector).length > 0;
  });
  if (!asks) return { name };
  const object = await unlessForbidden(client.read(`/api/v1/namespaces/${encodeURIComponent(name)}`, options));
  const metadata = isRecord(object) && isRecord(object['metadata']) ? object['metadata'] : {};
  const labels = isRecord(metadata['labels']) ? metadata['labels'] : undefined;
  if (labels === undefined) return { name };
  return { name, labels: Object.fromEntries(Object.entries(labels).map(([key, value]) => [key, String(value)])) };
}

/** The queue as it is known. Throws `queue-unknown` with those that there are. */
export function queueIn({ queues }: QueueReport, name: string, namespace: string): QueueFacts {
  const facts = queues.get(name);
  if (facts) return facts;
  const names = [...queues.keys()].sort().join(', ');
  throw new KonvergeError(
    'queue-unknown',
    names === ''
      ? `there is no LocalQueue ${name} in namespace ${namespace}, nor any other one`
      : `there is no LocalQueue ${name} in namespace ${namespace}; there are: ${names}`,
    { hint: kueueQueueHints.unknown },
  );
}

/** Throws `config-invalid` if there is no such WorkloadPriorityClass; what may not be read is taken to exist. */
export async function requirePriorityClass(client: Reader, name: string, options: Options = {}): Promise<void> {
  const found = await unlessForbidden(client.get(resources.priorityClasses, name, options));
  if (found !== undefined) return;
  const all = await unlessForbidden(client.list(resources.priorityClasses, options));
  const names = all === 'forbidden' ? [] : all.items.map(({ metadata }) => metadata.name).sort();
  throw new KonvergeError(
    'config-invalid',
    `there is no WorkloadPriorityClass ${name}; there ${names.length === 0 ? 'are none' : `are: ${names.join(', ')}`}`,
    { hint: 'Use one that the message lists for `priority`, or leave it out.' },
  );
}

async function unlessForbidden<T>(call: Promise<T>): Promise<T | 'forbidden'> {
  try {
    return await call;
  } catch (thrown) {
    if (asKonvergeError(thrown).code === 'cluster-forbidden') return 'forbidden';
    throw thrown;
  }
}

function clusterQueueOf(localQueue: KubernetesObject): string {
  const name = localQueue.spec?.['clusterQueue'];
  return typeof name === 'string' ? name : '';
}
