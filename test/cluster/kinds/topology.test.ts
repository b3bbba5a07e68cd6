// `kueue_topology`: Kueue's own scheduling reads it from the pods of every kind.
import { afterAll, beforeAll, expect } from 'vitest';
import { referenceOf } from '../../../images/recipe.ts';
import type { Topology } from '../../../src/domain/topology.ts';
import { type ResourceType, resources } from '../../../src/engines/kubernetes/client/object.ts';
import { testKubeconfig } from '../cluster.ts';
import { ClusterHarness, faultTest } from '../engine/harness.ts';
import { useEnginePlace } from '../engine/place.ts';
import { podsOf } from './kind-case.ts';

const place = useEnginePlace('topology');
const topologies: ResourceType = {
  group: 'kueue.x-k8s.io',
  version: 'v1beta2',
  kind: 'Topology',
  plural: 'topologies',
  namespaced: false,
};
const host = 'kubernetes.io/hostname';

// A queue whose nodes have a place: here, each is one of its own.
beforeAll(async () => {
  if (testKubeconfig === undefined) return;
  const { client, namespace } = place();
  const name = `${namespace}-placed`;
  const create = (type: ResourceType, spec: Readonly<Record<string, unknown>>, called = name) =>
    client.create(type, { apiVersion: 'kueue.x-k8s.io/v1beta2', kind: type.kind, metadata: { name: called }, spec });
  await create(topologies, { levels: [{ nodeLabel: host }] });
  await create(resources.resourceFlavors, { nodeLabels: { 'testbed/kind': 'real' }, topologyName: name });
  const quotas = ['cpu', 'memory'].map((quota) => ({ name: quota, nominalQuota: quota === 'cpu' ? '4' : '4Gi' }));
  await create(resources.clusterQueues, {
    namespaceSelector: {},
    resourceGroups: [{ coveredResources: ['cpu', 'memory'], flavors: [{ name, resources: quotas }] }],
  });
  await create(resources.localQueues, { clusterQueue: name }, 'placed');
}, 30_000);

afterAll(async () => {
  if (testKubeconfig === undefined) return;
  const { client, namespace } = place();
  for (const type of [resources.clusterQueues, resources.resourceFlavors, topologies]) {
    await client.remove(type, `${namespace}-placed`);
  }
}, 30_000);

faultTest('Kueue chooses the nodes of a Job, of a JobSet, and of an MPIJob', async () => {
  await using harness = await ClusterHarness.open(place());
  const topology: Topology = { mode: 'required', level: host };
  const service = {
    name: 'kv',
    command: ['python3', '-m', 'http.server', '20000'],
    cpuMillis: 20,
    port: 0,
    ready: { kind: 'tcp' },
    replicas: 2,
    startTimeoutMs: 60_000,
  } as const;
  const orders = [
    harness.order('sleep 3', { queue: 'placed', topology }),
    harness.order('sleep 3', { kind: 'jobset', queue: 'placed', topology, services: [service] }),
    harness.order('mpirun -n 2 sleep 3', {
      kind: 'mpijob',
      queue: 'placed',
      topology,
      container: referenceOf('mpi'),
      request: { mpi: { command: 'mpirun', tasks: 2, nodes: 2 } },
    }),
  ];
  for (const id of orders.map((order) => harness.launch(order))) {
    await harness.says(id, 'running');
    // Kueue has chosen it, not the scheduler.
    for (const { spec } of await podsOf(place(), id)) expect(spec?.['nodeSelector']).toHaveProperty([host]);
    expect((await harness.end(id)).state).toBe('succeeded');
  }
});

faultTest('a level that the queue does not know is said', async () => {
  await using harness = await ClusterHarness.open(place());
  const order = harness.order('true', { queue: 'placed', topology: { mode: 'required', level: 'example.com/rack' } });
  const id = harness.launch(order);
  await harness.says(id, 'queued', 'does not contain the requested level');
});
