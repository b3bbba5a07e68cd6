import { afterAll, beforeAll, expect, vi } from 'vitest';
import { type ResourceType, resources } from '../../../src/engines/kubernetes/client/object.ts';
import { versionsOf } from '../../../src/engines/kubernetes/client/versions-of.ts';
import { kindList } from '../../../src/engines/kubernetes/kinds/registry.ts';
import { conditionsOf, find } from '../../../src/engines/kubernetes/kueue/condition.ts';
import { type TestCluster, testKubeconfig, useCluster } from '../cluster.ts';

/** A namespace with queues of its own, so that no other test takes their quota. */
export interface EnginePlace extends TestCluster {
  /** The ClusterQueue behind a LocalQueue. */
  readonly clusterQueueOf: (queue: string) => string;
  /** WorkloadPriorityClasses. */
  readonly low: string;
  readonly high: string;
  /** A further LocalQueue with a ClusterQueue of its own, which is ready. */
  readonly makeQueue: (name: string, queue?: PlaceQueue) => Promise<void>;
}

export interface PlaceQueue {
  readonly cpu: string;
  /** Absent: it has none, and covers none. */
  readonly memory?: string;
  /** Of ephemeral storage; absent: it covers none, and steps are not held to what they ask for. */
  readonly disk?: string;
  readonly stopPolicy?: string;
  /** Whether there is a ClusterQueue behind it. */
  readonly isOrphan?: true;
}

/** Not our testbed: `npm run test:flux` may be given any cluster. */
const isForeign = process.env['KONVERGE_TEST_FOREIGN'] === '1';

/** After the API server was away, Kueue asks it again only now and then, at worst once a minute. */
const queuePatienceMs = 150_000;

const roomy: PlaceQueue = { cpu: '8', memory: '16Gi' };

/** Once per test file. `queues`: those of the namespace, by the name of the LocalQueue; `main` has room for everything. */
export function useEnginePlace(label: string, queues: Readonly<Record<string, PlaceQueue>> = {}): () => EnginePlace {
  const cluster = useCluster(label);
  const made: { type: ResourceType; name: string }[] = [];
  let place: EnginePlace | undefined;

  beforeAll(async () => {
    if (testKubeconfig === undefined) return;
    const { client, namespace } = cluster();
    const create = async (type: ResourceType, name: string, body: object): Promise<void> => {
      const object = { apiVersion: 'kueue.x-k8s.io/v1beta2', kind: type.kind, metadata: { name }, ...body };
      await client.create(type, object);
      if (!type.namespaced) made.push({ type, name });
    };
    const clusterQueueOf = (queue: string): string => `${namespace}-${queue}`;
    // No node that is only pretended.
    const nodeLabels = isForeign ? {} : { nodeLabels: { 'testbed/kind': 'real' } };
    await create(resources.resourceFlavors, namespace, { spec: nodeLabels });
    await create(resources.priorityClasses, `${namespace}-low`, { value: 100 });
    await create(resources.priorityClasses, `${namespace}-high`, { value: 1000 });
    const makeQueue = async (queue: string, settings = roomy): Promise<void> => {
      const name = clusterQueueOf(queue);
      if (!settings.isOrphan) await create(resources.clusterQueues, name, { spec: specOf(settings, namespace) });
      await create(resources.localQueues, queue, { spec: { clusterQueue: name } });
      await vi.waitFor(async () => {
        const found = await client.get(resources.localQueues, queue);
        const active = find(conditionsOf(found?.status), 'Active')?.status;
        expect(`${queue} ${active}`).toBe(`${queue} ${settings.isOrphan || settings.stopPolicy ? 'False' : 'True'}`);
      }, queuePatienceMs);
    };
    await Promise.all(Object.entries({ main: roomy, ...queues }).map(([queue, of]) => makeQueue(queue, of)));
    place = { ...cluster(), clusterQueueOf, low: `${namespace}-low`, high: `${namespace}-high`, makeQueue };
  }, queuePatienceMs + 30_000);

  // Hooks run in reverse order: the namespace goes after these.
  afterAll(async () => {
    if (place === undefined) return;
    const { client } = place;
    for (const type of await kindTypesOf(client)) {
      await client.removeAll(type, { labelSelector: 'app.kubernetes.io/managed-by=konverge' });
    }
    for (const { type, name } of made.reverse()) await client.remove(type, name);
  }, 60_000);

  return () => {
    if (place === undefined) throw new Error('only for tests that need a cluster: use clusterTest');
    return place;
  };
}

/** What steps become, as far as the cluster serves it. */
export async function kindTypesOf(client: TestCluster['client']): Promise<readonly ResourceType[]> {
  const types = kindList().map(({ resource }) => resource);
  const versions = await Promise.all(types.map((type) => versionsOf(client, type, {})));
  return types.filter(({ version }, index) => versions[index]?.includes(version));
}

function specOf({ cpu, memory, disk, stopPolicy }: PlaceQueue, flavor: string): object {
  const quotas = [
    { name: 'cpu', nominalQuota: cpu },
    ...(memory === undefined ? [] : [{ name: 'memory', nominalQuota: memory }]),
    ...(disk === undefined ? [] : [{ name: 'ephemeral-storage', nominalQuota: disk }]),
  ];
  return {
    namespaceSelector: {},
    preemption: { withinClusterQueue: 'LowerPriority' },
    ...(stopPolicy && { stopPolicy }),
    resourceGroups: [
      { coveredResources: quotas.map(({ name }) => name), flavors: [{ name: flavor, resources: quotas }] },
    ],
  };
}
