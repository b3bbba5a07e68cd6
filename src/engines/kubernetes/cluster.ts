import { KonvergeError } from '../../domain/error.ts';
import type { ServedKinds } from '../../domain/kind-selection.ts';
import type { KubernetesSettings } from '../../domain/kubernetes-settings.ts';
import type { Queue } from '../../domain/queue.ts';
import type { WorkOrder } from '../../ports/engine.ts';
import { buildStep } from './build-step.ts';
import type { ClusterClient } from './client/cluster-client.ts';
import { type FoundKinds, findServedKinds } from './kinds/find-served.ts';
import { refusalOf as quotaRefusal } from './kueue/fit.ts';
import { totalRequests } from './kueue/pod-requests.ts';
import { type QueueReport, queueIn, readQueues } from './kueue/preflight.ts';
import { asQueue, capacityOf } from './kueue/queue-facts.ts';
import type { PodContext } from './pod/pod-context.ts';
import { checkSecretSize, stepData } from './pod/secret-data.ts';

/** The namespace of a run as it was found: which kinds and queues there are, and what they can ever give. */
export class Cluster {
  readonly client: ClusterClient;
  readonly run: string;
  readonly settings: KubernetesSettings;
  private readonly found: FoundKinds;
  private report: QueueReport;

  private constructor(
    client: ClusterClient,
    run: string,
    settings: KubernetesSettings,
    found: FoundKinds,
    report: QueueReport,
  ) {
    this.client = client;
    this.run = run;
    this.settings = settings;
    this.found = found;
    this.report = report;
  }

  /** Asks what has to be known before the first step. Throws what preflight and the client throw. */
  static async open(client: ClusterClient, run: string, settings: KubernetesSettings): Promise<Cluster> {
    const report = await readQueues(client);
    if (report.queues.size === 0) {
      throw new KonvergeError('queue-unknown', `there is no LocalQueue in namespace ${client.namespace}`, {
        hint: 'Ask who runs the cluster for a LocalQueue in this namespace, or use another one: `kubectl get localqueues --all-namespaces`.',
      });
    }
    return new Cluster(client, run, settings, await findServedKinds(client), report);
  }

  /** Quotas change, and queues come and go, while a core lives. */
  async refresh(): Promise<void> {
    this.report = await readQueues(this.client);
  }

  get queues(): readonly Queue[] {
    return [...this.report.queues.values()].map(asQueue);
  }

  /** Why less is known than could be, and what is not as we know it. */
  get unknown(): readonly string[] {
    return [...this.report.unknown, ...this.found.warnings];
  }

  /** As it was when the core began: an operator that is installed later is seen by the next one. */
  get kinds(): ServedKinds {
    return this.found.kinds;
  }

  contextFor(queue: string): PodContext {
    const facts = this.report.queues.get(queue);
    return {
      run: this.run,
      namespace: this.client.namespace,
      queue,
      ...(facts?.groups && { capacity: capacityOf(facts) }),
    };
  }

  /** Why an order can never run here, found without asking the cluster. */
  refusalOf(order: WorkOrder): KonvergeError | undefined {
    try {
      const facts = queueIn(this.report, order.queue, this.client.namespace);
      const context = this.contextFor(order.queue);
      const { kind, pod, object } = buildStep(order, this.settings, context);
      checkSecretSize(order.spec, stepData(order.spec, pod.additions));
      return quotaRefusal(order.spec.rule, facts, totalRequests(kind.podSets(object)));
    } catch (error) {
      if (error instanceof KonvergeError) return error;
      throw error;
    }
  }
}
