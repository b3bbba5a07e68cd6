import * as z from 'zod';
import type { Queue, Quota } from '../../../domain/queue.ts';
import type { KubernetesObject } from '../client/object.ts';
import { conditionsOf, find } from './condition.ts';
import { type NamespaceFacts, selects } from './namespace-selector.ts';
import { amountsOf } from './pod-requests.ts';

/** What is known of a LocalQueue before anything is submitted to it. */
export interface QueueFacts {
  /** The LocalQueue's. */
  readonly name: string;
  readonly clusterQueue: string;
  /** Why it admits nothing now, as a sentence. */
  readonly stopped?: string;
  /** What it can ever give; undefined if this user may not see its ClusterQueue. */
  readonly groups?: readonly QuotaGroup[];
}

/** Resources that are always given from one flavor together. */
export interface QuotaGroup {
  readonly resources: readonly string[];
  readonly flavors: readonly QuotaFlavor[];
}

export interface QuotaFlavor {
  readonly name: string;
  /** By resource: the most that one workload can ever have; Infinity where a cohort may lend without a stated limit. */
  readonly most: Readonly<Record<string, number>>;
}

const Text = z.string().catch('');
const LocalQueueSpec = z.object({ clusterQueue: Text, stopPolicy: z.string().optional().catch(undefined) });
const ClusterQueueSpec = z.object({
  cohortName: z.string().optional().catch(undefined),
  stopPolicy: z.string().optional().catch(undefined),
  namespaceSelector: z.unknown().optional(),
  resourceGroups: z
    .array(
      z.object({
        coveredResources: z.array(z.string()).catch([]),
        flavors: z
          .array(
            z.object({
              name: Text,
              resources: z
                .array(
                  z.object({
                    name: z.string(),
                    nominalQuota: z.unknown().optional(),
                    borrowingLimit: z.unknown().optional(),
                  }),
                )
                .catch([]),
            }),
          )
          .catch([]),
      }),
    )
    .catch([]),
});

/** `clusterQueue`: undefined if it does not exist, `unknown` if this user may not see it. */
export function queueFactsOf(
  localQueue: KubernetesObject,
  clusterQueue: KubernetesObject | 'unknown' | undefined,
  namespace: NamespaceFacts,
): QueueFacts {
  const { name } = localQueue.metadata;
  const { clusterQueue: target } = LocalQueueSpec.parse(localQueue.spec ?? {});
  const stopped = whyStopped(localQueue, clusterQueue, namespace);
  return {
    name,
    clusterQueue: target,
    ...(stopped !== undefined && { stopped }),
    ...(clusterQueue !== undefined && clusterQueue !== 'unknown' && { groups: groupsOf(clusterQueue) }),
  };
}

function whyStopped(
  localQueue: KubernetesObject,
  clusterQueue: KubernetesObject | 'unknown' | undefined,
  namespace: NamespaceFacts,
): string | undefined {
  const spec = LocalQueueSpec.parse(localQueue.spec ?? {});
  if (isHeld(spec.stopPolicy)) return `somebody has stopped it (stopPolicy ${spec.stopPolicy})`;
  const where = `its ClusterQueue ${spec.clusterQueue}`;
  if (clusterQueue === undefined) return `${where} does not exist`;
  if (clusterQueue !== 'unknown') {
    const { stopPolicy, namespaceSelector } = ClusterQueueSpec.parse(clusterQueue.spec ?? {});
    if (isHeld(stopPolicy)) return `somebody has stopped ${where} (stopPolicy ${stopPolicy})`;
    const active = find(conditionsOf(clusterQueue.status), 'Active');
    if (active?.status === 'False') return `${where} is not active: ${active.reason}: ${active.message}`;
    if (selects(namespaceSelector, namespace) === false) {
      return `${where} does not take workloads of namespace ${namespace.name} (its namespaceSelector)`;
    }
  }
  const active = find(conditionsOf(localQueue.status), 'Active');
  return active?.status === 'False' ? `it is not active: ${active.reason}: ${active.message}` : undefined;
}

function isHeld(policy: string | undefined): boolean {
  return policy !== undefined && policy !== 'None';
}

function groupsOf(clusterQueue: KubernetesObject): readonly QuotaGroup[] {
  const { cohortName, resourceGroups } = ClusterQueueSpec.parse(clusterQueue.spec ?? {});
  const isInCohort = cohortName !== undefined && cohortName !== '';
  return resourceGroups.map(({ coveredResources, flavors }) => ({
    resources: coveredResources,
    flavors: flavors.map(({ name, resources }) => ({
      name,
      most: Object.fromEntries(
        resources.map((resource) => [
          resource.name,
          amount(resource.name, resource.nominalQuota) +
            (isInCohort
              ? resource.borrowingLimit == null
                ? Number.POSITIVE_INFINITY
                : amount(resource.name, resource.borrowingLimit)
              : 0),
        ]),
      ),
    })),
  }));
}

function amount(name: string, quantity: unknown): number {
  return amountsOf({ [name]: quantity ?? 0 })[name] ?? 0;
}

/** What `Engine.queues` tells: per resource the most of any flavor; far more than anybody has where it is not known. */
export function asQueue({ name, groups }: QueueFacts): Queue {
  return { name, priority: 0, quota: groups === undefined ? boundless : quotaOf(groups) };
}

/** What a pod is fitted into; of a queue whose ClusterQueue may be seen. */
export function capacityOf(facts: QueueFacts): { readonly memoryBytes: number; readonly covered: readonly string[] } {
  const { quota } = asQueue(facts);
  return { memoryBytes: quota.memoryBytes, covered: (facts.groups ?? []).flatMap(({ resources }) => resources) };
}

/** JSON has no Infinity. */
const without = Number.MAX_SAFE_INTEGER;
const boundless: Quota = { cpuMillis: without, memoryBytes: without, gpu: without, custom: {} };

function quotaOf(groups: readonly QuotaGroup[]): Quota {
  const most = new Map<string, number>();
  for (const { resources, flavors } of groups) {
    for (const resource of resources) {
      const amounts = flavors.map((flavor) => flavor.most[resource] ?? 0);
      most.set(resource, Math.min(without, Math.max(0, ...amounts)));
    }
  }
  const disk = most.get('ephemeral-storage');
  const custom = [...most].filter(([resource]) => !named.has(resource) && !isGpu(resource));
  return {
    cpuMillis: Math.min(without, (most.get('cpu') ?? 0) * 1000),
    memoryBytes: most.get('memory') ?? 0,
    // One that the queue does not list is not asked for either (pod/resources.ts).
    ...(disk !== undefined && { diskBytes: disk }),
    gpu: Math.max(0, ...[...most].filter(([resource]) => isGpu(resource)).map(([, amount]) => amount)),
    custom: Object.fromEntries(custom),
  };
}

const named: ReadonlySet<string> = new Set(['cpu', 'memory', 'ephemeral-storage', 'pods']);

function isGpu(resource: string): boolean {
  return /\/gpu(\.shared)?$/.test(resource) || resource.startsWith('nvidia.com/mig-');
}
