import { expect } from 'vitest';
import { resources } from '../../../src/engines/kubernetes/client/object.ts';
import { refusalOf } from '../../../src/engines/kubernetes/kueue/fit.ts';
import { queueIn, readQueues, requirePriorityClass } from '../../../src/engines/kubernetes/kueue/preflight.ts';
import { asQueue } from '../../../src/engines/kubernetes/kueue/queue-facts.ts';
import { clusterTest } from '../cluster.ts';
import { usePlace } from './place.ts';

const place = usePlace('preflight');

clusterTest('the queues of a namespace and what fits', async () => {
  const { client, clusterQueue, namespace } = place();
  const report = await readQueues(client);
  const facts = queueIn(report, 'main', namespace);
  expect(asQueue(facts)).toEqual({
    name: 'main',
    priority: 0,
    quota: { cpuMillis: 1000, memoryBytes: 2 ** 30, gpu: 0, custom: {} },
  });
  expect(refusalOf('a', facts, [{ cpu: 1, memory: 2 ** 30 }])).toBeUndefined();
  expect(refusalOf('a', facts, [{ cpu: 2 }])).toMatchObject({
    code: 'never-fits',
    message: `rule a: queue main can never hold it: it asks for 2 cpu of 1 in flavor ${clusterQueue}`,
  });
  expect(() => queueIn(report, 'nosuch', namespace)).toThrow('there are: main');
});

clusterTest('a priority class', async () => {
  const { client, high } = place();
  await requirePriorityClass(client, high);
  await expect(requirePriorityClass(client, 'nosuch')).rejects.toMatchObject({
    code: 'config-invalid',
    message: expect.stringContaining(high),
  });
});

clusterTest('a ClusterQueue without its flavor', async () => {
  const { client, namespace } = place();
  const name = `${namespace}-lame`;
  const flavors = [{ name: 'nosuch', resources: [{ name: 'cpu', nominalQuota: '1' }] }];
  await client.create(resources.clusterQueues, {
    apiVersion: 'kueue.x-k8s.io/v1beta2',
    kind: 'ClusterQueue',
    metadata: { name },
    spec: { namespaceSelector: {}, resourceGroups: [{ coveredResources: ['cpu'], flavors }] },
  });
  try {
    await client.create(resources.localQueues, {
      apiVersion: 'kueue.x-k8s.io/v1beta2',
      kind: 'LocalQueue',
      metadata: { name: 'lame' },
      spec: { clusterQueue: name },
    });
    await expect
      .poll(async () => (await readQueues(client)).queues.get('lame')?.stopped, { timeout: 20_000 })
      .toMatch(/^its ClusterQueue .*-lame is not active: FlavorNotFound: .*nosuch/);
  } finally {
    await client.remove(resources.clusterQueues, name);
  }
});

clusterTest(
  'a queue that is stopped and drained',
  async () => {
    const { client, submit, until } = place();
    await submit('drained');
    await until('drained', ({ state }) => state === 'running');
    await client.patch(resources.localQueues, 'main', { spec: { stopPolicy: 'HoldAndDrain' } });
    const evicted = await until('drained', ({ phase }) => phase.kind === 'evicted');
    expect(evicted).toMatchObject({
      state: 'queued',
      phase: {
        reason: 'LocalQueueStopped',
        sentence: expect.stringMatching(/^was evicted, for queue main was stopped/),
      },
    });
    expect(refusalOf('a', queueIn(await readQueues(client), 'main', 'x'), [{}])).toMatchObject({
      code: 'queue-stopped',
      message: 'rule a: queue main admits nothing: somebody has stopped it (stopPolicy HoldAndDrain)',
    });
    await submit('later');
    const waiting = await until('later', ({ phase }) => phase.kind === 'inadmissible');
    expect(waiting.phase.sentence).toMatch(/LocalQueue main is (stopped|inactive)/);
    await client.remove(resources.jobs, 'later');
    await client.patch(resources.localQueues, 'main', { spec: { stopPolicy: 'None' } });
    await until('drained', ({ phase, state }) => phase.kind === 'admitted' && state === 'running');
    await client.remove(resources.jobs, 'drained');
  },
  120_000,
);
