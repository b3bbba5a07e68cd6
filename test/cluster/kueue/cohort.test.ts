// Two ClusterQueues of one cohort: one lends what it does not need, and takes it back.
import { afterAll, beforeAll, expect } from 'vitest';
import { resources } from '../../../src/engines/kubernetes/client/object.ts';
import { clusterTest, testKubeconfig } from '../cluster.ts';
import { usePlace } from './place.ts';

const place = usePlace('cohort');
const queues = ['owner', 'borrower'] as const;
const nameOf = (queue: (typeof queues)[number]): string => `${place().namespace}-${queue}`;

beforeAll(async () => {
  if (testKubeconfig === undefined) return;
  const { client, clusterQueue: flavor, namespace } = place();
  const apiVersion = 'kueue.x-k8s.io/v1beta2';
  for (const queue of queues) {
    const own = queue === 'owner' ? ['1', '1Gi'] : ['0', '0'];
    const quotas = ['cpu', 'memory'].map((name, index) => ({ name, nominalQuota: own[index] }));
    await client.create(resources.clusterQueues, {
      apiVersion,
      kind: resources.clusterQueues.kind,
      metadata: { name: nameOf(queue) },
      spec: {
        namespaceSelector: {},
        cohortName: namespace,
        preemption: { reclaimWithinCohort: 'Any' },
        resourceGroups: [{ coveredResources: ['cpu', 'memory'], flavors: [{ name: flavor, resources: quotas }] }],
      },
    });
    await client.create(resources.localQueues, {
      apiVersion,
      kind: resources.localQueues.kind,
      metadata: { name: queue },
      spec: { clusterQueue: nameOf(queue) },
    });
  }
}, 60_000);

afterAll(async () => {
  if (testKubeconfig === undefined) return;
  const { client } = place();
  await client.removeAll(resources.jobs, { labelSelector: 'konverge-test' });
  for (const queue of queues) await client.remove(resources.clusterQueues, nameOf(queue));
}, 60_000);

clusterTest(
  'what was borrowed from a cohort is taken back, and it is admitted again when there is room',
  async () => {
    const { client, submit, until, said } = place();
    await submit('guest', { queue: 'borrower' });
    await until('guest', ({ state }) => state === 'running');
    await submit('host', { queue: 'owner' });
    const { phase, state } = await until('guest', ({ phase: { kind } }) => kind === 'evicted');
    expect(phase).toMatchObject({
      reason: 'Preempted',
      sentence: expect.stringMatching(/^was preempted by a ClusterQueue that takes back what it had lent/),
    });
    expect(state).toBe('queued');
    await until('host', (seen) => seen.state === 'running');
    await client.remove(resources.jobs, 'host');
    await until('guest', (seen) => seen.phase.kind === 'admitted' && seen.state === 'running');
    expect(said('guest').filter((line) => line.startsWith('failed'))).toEqual([]);
  },
  120_000,
);
