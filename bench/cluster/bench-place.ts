import { setTimeout as pause } from 'node:timers/promises';
import { referenceOf } from '../../images/recipe.ts';
import type { ClusterClient } from '../../src/engines/kubernetes/client/cluster-client.ts';
import { type ResourceType, resources } from '../../src/engines/kubernetes/client/object.ts';
import { openClusterClient } from '../../src/engines/kubernetes/client/open-client.ts';
import { conditionsOf, holds } from '../../src/engines/kubernetes/kueue/condition.ts';
import { systemClock } from '../../src/ports/clock.ts';
import { silentLogger } from '../../src/ports/logger.ts';
import { user } from '../../test/testbed/certificate.ts';
import { issueUser } from '../../test/testbed/issue.ts';
import { testbed, testbedPlace } from './testbed.ts';

const core = { group: '', version: 'v1' } as const;
const namespaces: ResourceType = { ...core, kind: 'Namespace', plural: 'namespaces', namespaced: false };
const serviceAccounts: ResourceType = { ...core, kind: 'ServiceAccount', plural: 'serviceaccounts', namespaced: true };
const kueue = 'kueue.x-k8s.io/v1beta2';
const patienceMs = 300_000;
/** Nobody has this label. */
const everything = '!konverge/nobody';

export interface Quota {
  readonly cpu: string;
  readonly memory: string;
}

/**
 * A namespace of one measurement, with queues that nobody else fills, and a user of the API server that is its own, so that the
 * audit log tells what it asked for. All of it goes when it is closed.
 */
export class BenchPlace implements AsyncDisposable {
  readonly namespace: string;
  /** An administrator's, who is not the measured user. */
  readonly client: ClusterClient;
  /** Of the measured user. */
  readonly user = 'bench';
  readonly kubeconfig: string;
  private readonly clusterQueues: string[] = [];

  private constructor(namespace: string, client: ClusterClient, kubeconfig: string) {
    this.namespace = namespace;
    this.client = client;
    this.kubeconfig = kubeconfig;
  }

  /** With a queue `main` that has room for what the node has. */
  static async open(label: string): Promise<BenchPlace> {
    const namespace = `bench-${label}-${Date.now().toString(36)}${process.pid.toString(36)}`;
    const kubeconfig = await issueUser(testbedPlace, user('user-bench', 'bench', ['system:masters']));
    const client = await openClusterClient({
      kubeconfig: testbedPlace.kubeconfig,
      namespace,
      userAgent: 'konverge-bench',
      fieldManager: 'konverge-bench',
      logger: silentLogger,
      clock: systemClock,
    });
    const place = new BenchPlace(namespace, client, kubeconfig);
    for (const name of place.namespaces) {
      await client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    }
    // Without it no pod can be made, and the Job controller would wait before it tries again.
    await until('the service account of a new namespace', () => client.get(serviceAccounts, 'default'));
    await place.addQueue('main', { cpu: '8', memory: '16Gi' });
    return place;
  }

  /** That of MiniClusters is another one. */
  private get namespaces(): readonly string[] {
    return [this.namespace, `${this.namespace}-flux`];
  }

  /** A LocalQueue with a ClusterQueue behind it, on the one node. */
  async addQueue(name: string, quota: Quota): Promise<void> {
    const clusterQueue = `${this.namespace}-${name}`;
    const quotas = Object.entries(quota).map(([resource, nominalQuota]) => ({ name: resource, nominalQuota }));
    const flavors = [{ name: 'real', resources: quotas }];
    const spec = {
      namespaceSelector: {},
      resourceGroups: [{ coveredResources: Object.keys(quota), flavors }],
    };
    const metadata = { name: clusterQueue };
    await this.client.create(resources.clusterQueues, { apiVersion: kueue, kind: 'ClusterQueue', metadata, spec });
    this.clusterQueues.push(clusterQueue);
    const local = { apiVersion: kueue, kind: 'LocalQueue', metadata: { name }, spec: { clusterQueue } };
    for (const namespace of this.namespaces) {
      await this.client.create(resources.localQueues, local, { namespace });
      await until(`queue ${name}`, async () => {
        const found = await this.client.get(resources.localQueues, name, { namespace });
        return holds(conditionsOf(found?.status), 'Active');
      });
    }
  }

  /** `konverge.yaml` of a run of the measured user in it. */
  configuration(queue = 'main', more: Readonly<Record<string, unknown>> = {}): string {
    return JSON.stringify({
      engine: 'kubernetes',
      queue,
      namespace: this.namespace,
      kubernetes: { kubeconfig: this.kubeconfig },
      images: { default: testbed.image, agent: referenceOf('agent'), snakemake: referenceOf('snakemake') },
      ...more,
    });
  }

  /**
   * Waits until no pod is left: it would take the time of what is measured next. Not for the namespace, whose controller waits
   * for minutes if some server of the API is away when it looks.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    const { client, namespaces: mine } = this;
    for (const type of [resources.jobs, resources.jobSets, resources.mpiJobs]) {
      await client.removeAll(type, { labelSelector: everything });
    }
    for (const namespace of mine) {
      await until(`the end of the last pod in ${namespace}`, async () => {
        const { items } = await client.list(resources.pods, { namespace });
        return items.length === 0;
      });
      await client.remove(namespaces, namespace);
    }
    for (const name of this.clusterQueues) await client.remove(resources.clusterQueues, name);
    await client.close();
  }
}

async function until(what: string, holdsNow: () => Promise<unknown>): Promise<void> {
  const endMs = performance.now() + patienceMs;
  for (;;) {
    const found = await holdsNow();
    if (found !== undefined && found !== false) return;
    if (performance.now() > endMs) throw new Error(`${what} has not come within ${patienceMs / 1000} s`);
    await pause(200);
  }
}
