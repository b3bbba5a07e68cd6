import { describe, expect, test } from 'vitest';
import type { KubernetesObject } from '../client/object.ts';
import { misfitsOf, refusalOf } from './fit.ts';
import { podRequests } from './pod-requests.ts';
import { asQueue, queueFactsOf } from './queue-facts.ts';

const namespace = { name: 'team' };

function localQueue(spec: object = {}, conditions: readonly object[] = []): KubernetesObject {
  return {
    apiVersion: 'kueue.x-k8s.io/v1beta2',
    kind: 'LocalQueue',
    metadata: { name: 'main', namespace: 'team' },
    spec: { clusterQueue: 'cq', ...spec },
    status: { conditions },
  };
}

function clusterQueue(spec: object = {}, conditions: readonly object[] = []): KubernetesObject {
  return {
    apiVersion: 'kueue.x-k8s.io/v1beta2',
    kind: 'ClusterQueue',
    metadata: { name: 'cq' },
    spec: {
      namespaceSelector: {},
      resourceGroups: [
        {
          coveredResources: ['cpu', 'memory'],
          flavors: [flavor('small', { cpu: '2', memory: '64Gi' }), flavor('large', { cpu: 8, memory: '16Gi' })],
        },
        {
          coveredResources: ['nvidia.com/gpu', 'example.com/licence'],
          flavors: [flavor('a100', { 'nvidia.com/gpu': 4, 'example.com/licence': 3 })],
        },
      ],
      ...spec,
    },
    status: { conditions },
  };
}

function flavor(name: string, quota: Readonly<Record<string, string | number>>, borrowingLimit?: string) {
  return {
    name,
    resources: Object.entries(quota).map(([resource, nominalQuota]) => ({
      name: resource,
      nominalQuota,
      ...(borrowingLimit && { borrowingLimit }),
    })),
  };
}

const inactive = (reason: string, message: string) => ({ type: 'Active', status: 'False', reason, message });

describe('why a queue admits nothing', () => {
  test.each([
    ['held', localQueue({ stopPolicy: 'Hold' }), clusterQueue(), 'somebody has stopped it (stopPolicy Hold)'],
    [
      'drained',
      localQueue({ stopPolicy: 'HoldAndDrain' }),
      'unknown',
      'somebody has stopped it (stopPolicy HoldAndDrain)',
    ],
    [
      'its ClusterQueue held',
      localQueue(),
      clusterQueue({ stopPolicy: 'Hold' }),
      'somebody has stopped its ClusterQueue cq (stopPolicy Hold)',
    ],
    ['its ClusterQueue missing', localQueue(), undefined, 'its ClusterQueue cq does not exist'],
    [
      'a flavor missing',
      localQueue(),
      clusterQueue({}, [
        inactive('FlavorNotFound', "Can't admit new workloads: references missing ResourceFlavor(s): x."),
      ]),
      "its ClusterQueue cq is not active: FlavorNotFound: Can't admit new workloads: references missing ResourceFlavor(s): x.",
    ],
    [
      'its ClusterQueue out of sight',
      localQueue({}, [inactive('ClusterQueueIsInactive', "Can't submit new workloads to clusterQueue")]),
      'unknown',
      "it is not active: ClusterQueueIsInactive: Can't submit new workloads to clusterQueue",
    ],
    [
      'of no namespace',
      localQueue(),
      clusterQueue({ namespaceSelector: null }),
      'its ClusterQueue cq does not take workloads of namespace team (its namespaceSelector)',
    ],
    [
      'of other namespaces',
      localQueue(),
      clusterQueue({ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'other' } } }),
      'its ClusterQueue cq does not take workloads of namespace team (its namespaceSelector)',
    ],
    ['nothing', localQueue({ stopPolicy: 'None' }), clusterQueue({ stopPolicy: 'None' }), undefined],
    [
      'labels out of sight',
      localQueue(),
      clusterQueue({ namespaceSelector: { matchLabels: { team: 'a' } } }),
      undefined,
    ],
  ] as const)('%s', (_name, local, cluster, stopped) => {
    expect(queueFactsOf(local, cluster, namespace).stopped).toBe(stopped);
  });

  test.each([
    [{ matchLabels: { team: 'a' } }, true],
    [{ matchLabels: { team: 'b' } }, false],
    [{ matchExpressions: [{ key: 'team', operator: 'In', values: ['a', 'b'] }] }, true],
    [{ matchExpressions: [{ key: 'team', operator: 'NotIn', values: ['a'] }] }, false],
    [{ matchExpressions: [{ key: 'team', operator: 'Exists' }] }, true],
    [{ matchExpressions: [{ key: 'team', operator: 'DoesNotExist' }] }, false],
    [{ matchExpressions: [{ key: 'other', operator: 'NotIn', values: ['a'] }] }, true],
  ])('selector %j', (namespaceSelector, taken) => {
    const facts = queueFactsOf(localQueue(), clusterQueue({ namespaceSelector }), {
      name: 'team',
      labels: { team: 'a' },
    });
    expect(facts.stopped === undefined).toBe(taken);
  });

  test('is told with its code', () => {
    const facts = queueFactsOf(localQueue({ stopPolicy: 'Hold' }), clusterQueue(), namespace);
    expect(refusalOf('train', facts, [{}])).toMatchObject({
      code: 'queue-stopped',
      message: 'rule train: queue main admits nothing: somebody has stopped it (stopPolicy Hold)',
    });
  });
});

describe('what can never fit', () => {
  const facts = queueFactsOf(localQueue(), clusterQueue(), namespace);
  const Gi = 2 ** 30;

  test.each([
    ['fits the one', { cpu: 2, memory: 32 * Gi }, []],
    ['fits the other', { cpu: 8, memory: 16 * Gi }, []],
    [
      'no flavor has both',
      { cpu: 4, memory: 32 * Gi },
      ['it asks for 4 cpu of 2 in flavor small', 'it asks for 32Gi memory of 16Gi in flavor large'],
    ],
    ['too many gpus', { cpu: 1, 'nvidia.com/gpu': 5 }, ['it asks for 5 nvidia.com/gpu of 4 in flavor a100']],
    [
      'not covered',
      { 'ephemeral-storage': 10 * Gi },
      ['it asks for 10Gi ephemeral-storage, which ClusterQueue cq does not have'],
    ],
    ['nothing asked', {}, []],
  ])('%s', (_name, requests, misfits) => {
    expect(misfitsOf(facts, [requests])).toEqual(misfits);
  });

  test.each([
    ['each in a flavor of its own', [{ cpu: 2 }, { cpu: 8 }], true],
    ['in the other order', [{ cpu: 8 }, { cpu: 2 }], true],
    ['several in one', [{ cpu: 4 }, { cpu: 4 }, { cpu: 2 }], true],
    ['more than there is in all of them', [{ cpu: 8 }, { cpu: 2 }, { cpu: 0.1 }], false],
    ['one that no flavor holds', [{ cpu: 9 }, { cpu: 1 }], false],
    ['fractions that add up', Array.from({ length: 20 }, () => ({ cpu: 0.1 })), true],
  ])('sets of pods: %s', (_name, podSets, fits) => {
    expect(misfitsOf(facts, podSets).length === 0).toBe(fits);
  });

  test('many sets and many flavors are looked at for a while only', () => {
    const flavors = Array.from({ length: 8 }, (_none, index) => ({ name: `f${index}`, most: { cpu: 3 } }));
    const many = { ...facts, groups: [{ resources: ['cpu'], flavors }] };
    // Each flavor has room for one of them.
    expect(misfitsOf(many, [{ cpu: 4 }])).toHaveLength(8);
    const sets = (length: number) => Array.from({ length }, () => ({ cpu: 2 }));
    expect(misfitsOf(many, sets(13))).toHaveLength(8);
    expect(misfitsOf(many, sets(9))).toEqual([]);
  });

  test('is told with its numbers', () => {
    expect(refusalOf('train', facts, [{ 'nvidia.com/gpu': 5 }])).toMatchObject({
      code: 'never-fits',
      message: 'rule train: queue main can never hold it: it asks for 5 nvidia.com/gpu of 4 in flavor a100',
      hint: expect.stringContaining('ClusterQueue cq'),
    });
  });

  test('a cohort lends up to the limit, and without one nobody knows', () => {
    const groups = (limit?: string) => [{ coveredResources: ['cpu'], flavors: [flavor('real', { cpu: '2' }, limit)] }];
    const limited = queueFactsOf(
      localQueue(),
      clusterQueue({ cohortName: 'all', resourceGroups: groups('1500m') }),
      namespace,
    );
    expect(misfitsOf(limited, [{ cpu: 3.5 }])).toEqual([]);
    expect(misfitsOf(limited, [{ cpu: 3.501 }])).toEqual(['it asks for 3501m cpu of 3500m in flavor real']);
    const free = queueFactsOf(localQueue(), clusterQueue({ cohortName: 'all', resourceGroups: groups() }), namespace);
    expect(misfitsOf(free, [{ cpu: 1000 }])).toEqual([]);
    // Without a cohort a limit says nothing.
    const alone = queueFactsOf(localQueue(), clusterQueue({ resourceGroups: groups('5') }), namespace);
    expect(misfitsOf(alone, [{ cpu: 3 }])).toHaveLength(1);
  });

  test('of a ClusterQueue out of sight nothing is refused', () => {
    expect(refusalOf('train', queueFactsOf(localQueue(), 'unknown', namespace), [{ cpu: 1e6 }])).toBeUndefined();
  });
});

describe('as a queue of the core', () => {
  test('the most of any flavor', () => {
    expect(asQueue(queueFactsOf(localQueue(), clusterQueue(), namespace))).toEqual({
      name: 'main',
      priority: 0,
      quota: { cpuMillis: 8000, memoryBytes: 64 * 2 ** 30, gpu: 4, custom: { 'example.com/licence': 3 } },
    });
  });

  test('what is not known, or has no bound, survives JSON', () => {
    const free = clusterQueue({ cohortName: 'all' });
    for (const cluster of [free, 'unknown'] as const) {
      const queue = asQueue(queueFactsOf(localQueue(), cluster, namespace));
      expect(JSON.parse(JSON.stringify(queue))).toEqual(queue);
      expect(queue.quota.cpuMillis).toBe(Number.MAX_SAFE_INTEGER);
    }
  });
});

describe('what a pod counts for', () => {
  const container = (cpu: string, memory: string, more: object = {}) => ({
    resources: { requests: { cpu, memory } },
    ...more,
  });

  test('containers and sidecars together', () => {
    const spec = {
      containers: [container('2', '1Gi')],
      initContainers: [container('100m', '128Mi', { restartPolicy: 'Always' })],
    };
    expect(podRequests(spec)).toEqual({ cpu: 2.1, memory: 2 ** 30 + 2 ** 27 });
  });

  test('an init container that needs more than what runs, beside the sidecars before it', () => {
    const spec = {
      containers: [container('1', '1Gi')],
      initContainers: [container('1', '1Gi', { restartPolicy: 'Always' }), container('3', '512Mi')],
      overhead: { cpu: '500m' },
    };
    expect(podRequests(spec)).toEqual({ cpu: 4.5, memory: 2 ** 31 });
  });

  test('a limit without a request counts, nothing is left out', () => {
    const spec = {
      containers: [{ resources: { limits: { 'nvidia.com/gpu': 1, cpu: '1' }, requests: { cpu: '250m' } } }, {}],
    };
    expect(podRequests(spec)).toEqual({ 'nvidia.com/gpu': 1, cpu: 0.25 });
    expect(podRequests({})).toEqual({});
  });
});
