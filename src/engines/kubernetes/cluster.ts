import { asKonvergeError, KonvergeError } from '../../domain/error.ts';
import type { WorkloadKind } from '../../domain/kind.ts';
import type { ServedKinds } from '../../domain/kind-selection.ts';
import type { KubernetesSettings } from '../../domain/kubernetes-settings.ts';
import type { Queue } from '../../domain/queue.ts';
import type { WorkOrder } from '../../ports/engine.ts';
import { buildStep } from './build-step.ts';
import type { ClusterClient } from './client/cluster-client.ts';
import { resources } from './client/object.ts';
import { within } from './client/within.ts';
import { findServedKinds } from './kinds/find-served.ts';
import type { Kind } from './kinds/kind.ts';
import { kindsIn } from './kinds/registry.ts';
import { refusalOf as quotaRefusal } from './kueue/fit.ts';
import { amountsOf, podSetRequests } from './kueue/pod-requests.ts';
import { type QueueReport, queueIn, readQueues } from './kueue/preflight.ts';
import { asQueue, capacityOf } from './kueue/queue-facts.ts';
import type { PodContext } from './pod/pod-context.ts';
import { checkSecretSize, stepData } from './pod/secret-data.ts';

/** A namespace in which objects of steps are: that of the run, or one that a kind has for itself. */
export interface ClusterPlace {
  readonly client: ClusterClient;
  readonly kinds: readonly Kind[];
  report: QueueReport;
}

interface Found {
  readonly kinds: ServedKinds;
  readonly warnings: readonly string[];
  readonly places: readonly ClusterPlace[];
  readonly nodeCores: number | undefined;
}

/** The cluster of a run as it was found: which kinds and queues there are, and what they can ever give. */
export class Cluster {
  /** In the namespace of the run. */
  readonly client: ClusterClient;
  readonly run: string;
  readonly settings: KubernetesSettings;
  private readonly found: Found;

  private constructor(client: ClusterClient, run: string, settings: KubernetesSettings, found: Found) {
    this.client = client;
    this.run = run;
    this.settings = settings;
    this.found = found;
  }

  /** Asks what has to be known before the first step. Throws what preflight and the client throw. */
  static async open(client: ClusterClient, run: string, settings: KubernetesSettings): Promise<Cluster> {
    const report = await readQueues(client);
    if (report.queues.size === 0) {
      throw new KonvergeError('queue-unknown', `there is no LocalQueue in namespace ${client.namespace}`, {
        hint: 'Ask who runs the cluster for a LocalQueue in this namespace, or use another one: `kubectl get localqueues --all-namespaces`.',
      });
    }
    const { kinds, warnings } = await findServedKinds(client, settings);
    const served = kindsIn(kinds);
    const isElsewhere = (kind: Kind): boolean => namespaceOf(kind, settings, client) !== client.namespace;
    const places: ClusterPlace[] = [{ client, kinds: served.filter((kind) => !isElsewhere(kind)), report }];
    for (const kind of served.filter(isElsewhere)) {
      const place = within(client, namespaceOf(kind, settings, client));
      places.push({ client: place, kinds: [kind], report: await readQueues(place) });
    }
    const nodeCores = served.some(isElsewhere) ? await largestNode(client) : undefined;
    return new Cluster(client, run, settings, { kinds, warnings, places, nodeCores });
  }

  /** Quotas change, and queues come and go, while a core lives. */
  async refresh(): Promise<void> {
    for (const place of this.found.places) place.report = await readQueues(place.client);
  }

  /** Of the run's own namespace, from which steps choose. */
  get queues(): readonly Queue[] {
    return [...this.ownPlace.report.queues.values()].map(asQueue);
  }

  /** Why less is known than could be, and what is not as we know it. */
  get unknown(): readonly string[] {
    return [...this.ownPlace.report.unknown, ...this.found.warnings];
  }

  /** As it was when the core began: an operator that is installed later is seen by the next one. */
  get kinds(): ServedKinds {
    return this.found.kinds;
  }

  get places(): readonly ClusterPlace[] {
    return this.found.places;
  }

  /** Where objects of a kind are; of one that is not served, where they would be. */
  placeOf(kind: WorkloadKind): ClusterPlace {
    return this.found.places.find(({ kinds }) => kinds.some(({ name }) => name === kind)) ?? this.ownPlace;
  }

  contextFor({ kind, queue }: Pick<WorkOrder, 'kind' | 'queue'>): PodContext {
    const { client, report } = this.placeOf(kind);
    const facts = report.queues.get(queue);
    const { nodeCores } = this.found;
    return {
      run: this.run,
      namespace: client.namespace,
      queue,
      ...(nodeCores !== undefined && { nodeCores }),
      ...(facts?.groups && { capacity: capacityOf(facts) }),
    };
  }

  /** Why an order can never run here, found without asking the cluster. */
  refusalOf(order: WorkOrder): KonvergeError | undefined {
    try {
      const { client, report } = this.placeOf(order.kind);
      const facts = queueIn(report, order.queue, client.namespace);
      const { kind, pod, object } = buildStep(order, this.settings, this.contextFor(order));
      checkSecretSize(order.spec, stepData(order.spec, pod.additions));
      return quotaRefusal(order.spec.rule, facts, podSetRequests(kind.podSets(object)));
    } catch (error) {
      if (error instanceof KonvergeError) return error;
      throw error;
    }
  }

  private get ownPlace(): ClusterPlace {
    // The first one is that of the run.
    return this.found.places[0] as ClusterPlace;
  }
}

function namespaceOf(kind: Kind, settings: KubernetesSettings, { namespace }: ClusterClient): string {
  return kind.namespace?.(settings, namespace) ?? namespace;
}

/** Cores of the largest node; undefined for a user who may not see nodes, as most may not. */
async function largestNode(client: ClusterClient): Promise<number | undefined> {
  try {
    const { items } = await client.list(resources.nodes);
    const cores = items.map(({ status }) => amountsOf(status?.['capacity'])['cpu'] ?? 0);
    return cores.length === 0 ? undefined : Math.max(...cores);
  } catch (error) {
    if (asKonvergeError(error).code === 'cluster-forbidden') return undefined;
    throw error;
  }
}
