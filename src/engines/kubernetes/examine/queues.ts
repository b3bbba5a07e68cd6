import { asKonvergeError } from '../../../domain/error.ts';
import type { CallOptions, ClusterClient } from '../client/cluster-client.ts';
import { formatAmount } from '../kueue/fit.ts';
import { readQueues, requirePriorityClass } from '../kueue/preflight.ts';
import type { QueueFacts, QuotaFlavor } from '../kueue/queue-facts.ts';
import { type ClusterFinding, fine } from './finding.ts';

export interface QueueWishes {
  /** The queues that konverge.yaml names, with the place where it does. */
  readonly queues: readonly { readonly name: string; readonly where: string }[];
  readonly priorityClass?: string;
}

/** Requests of every pod that we make: the agent's at least. */
const askedByAll = ['cpu', 'memory'];

/** Of each LocalQueue of the namespace: its quota, or why it admits nothing. Throws what the client throws. */
export async function examineQueues(
  client: ClusterClient,
  wishes: QueueWishes,
  options: CallOptions,
): Promise<readonly ClusterFinding[]> {
  const { queues, unknown } = await readQueues(client, options.signal);
  const all = [...queues.values()];
  const absent = wishes.queues.filter(({ name }) => !queues.has(name));
  const names = all.map(({ name }) => name).join(', ');
  return [
    ...(all.length === 0 ? [noQueue(client.namespace)] : all.map(findingOf)),
    ...(all.some(({ stopped }) => stopped === undefined) || all.length === 0 ? [] : [noUsableQueue(client.namespace)]),
    ...(all.length === 0 ? [] : absent).map(
      ({ name, where }): ClusterFinding => ({
        name: `queue ${name}`,
        status: 'missing',
        detail: `${where} names it, and namespace ${client.namespace} has no such LocalQueue`,
        remedy: `use one that there is: ${names}`,
      }),
    ),
    ...unknown.map((detail): ClusterFinding => ({ name: 'quotas', status: 'optional', detail, remedy: '' })),
    ...(wishes.priorityClass === undefined ? [] : [await examinePriorityClass(client, wishes.priorityClass, options)]),
  ];
}

function findingOf(facts: QueueFacts): ClusterFinding {
  const name = `queue ${facts.name}`;
  if (facts.stopped !== undefined) {
    const remedy = `ask who runs ClusterQueue ${facts.clusterQueue}, or use another queue`;
    return { name, status: 'warning', detail: `admits nothing: ${facts.stopped}`, remedy };
  }
  if (facts.groups === undefined) return fine(name, `of ClusterQueue ${facts.clusterQueue}; its quota may not be seen`);
  const flavors = facts.groups.flatMap(({ flavors: some }) => some);
  const quotas = `of ClusterQueue ${facts.clusterQueue}: ${flavors.map(quotaOf).join('; ') || 'no quota'}`;
  const lacking = askedByAll.filter((resource) => !flavors.some(({ most }) => (most[resource] ?? 0) > 0));
  if (lacking.length === 0) return fine(name, quotas);
  const remedy = `have ClusterQueue ${facts.clusterQueue} given ${lacking.join(' and ')}, or use another queue`;
  const detail = `${quotas}; no ${lacking.join(' and no ')}, which every step asks for`;
  return { name, status: 'warning', detail, remedy };
}

/** `4 cpu, 8Gi memory (flavor default)`. What a cohort may lend without a limit has none here either. */
function quotaOf({ name, most }: QuotaFlavor): string {
  const amounts = Object.entries(most).map(([resource, amount]) =>
    Number.isFinite(amount) ? `${formatAmount(resource, amount)} ${resource}` : `${resource} without limit`,
  );
  return `${amounts.join(', ')} (flavor ${name})`;
}

function noQueue(namespace: string): ClusterFinding {
  return {
    name: 'queues',
    status: 'missing',
    detail: `there is no LocalQueue in namespace ${namespace}`,
    remedy: 'ask who runs the cluster for a LocalQueue in this namespace, or use another namespace',
  };
}

function noUsableQueue(namespace: string): ClusterFinding {
  return {
    name: 'queues',
    status: 'missing',
    detail: `no queue of namespace ${namespace} admits anything now`,
    remedy: 'see the reasons above; steps would wait until one is open again',
  };
}

async function examinePriorityClass(
  client: ClusterClient,
  name: string,
  options: CallOptions,
): Promise<ClusterFinding> {
  try {
    await requirePriorityClass(client, name, options);
    return fine('priority class', name);
  } catch (thrown) {
    const { code, message, hint } = asKonvergeError(thrown);
    if (code !== 'config-invalid') throw thrown;
    return { name: 'priority class', status: 'missing', detail: message, remedy: hint };
  }
}
