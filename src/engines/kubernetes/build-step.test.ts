import { expect, test } from 'vitest';
import { place } from '../../app/placement.ts';
import type { KonvergeError } from '../../domain/error.ts';
import { allKindsServed } from '../../domain/kind-selection.ts';
import type { ResourceRequest } from '../../domain/resources.ts';
import type { StepSpec } from '../../domain/step.ts';
import { buildStep } from './build-step.ts';
import { kubernetesCapabilities } from './capabilities.ts';
import { sampleService } from './kinds/jobset/samples.ts';
import { refusalOf } from './kueue/fit.ts';
import { podSetRequests, sum } from './kueue/pod-requests.ts';
import { asQueue, capacityOf, type QueueFacts } from './kueue/queue-facts.ts';
import { sampleContext, sampleOrder, sampleSettings } from './pod/sample-orders.ts';

const gibibyte = 2 ** 30;
const facts: QueueFacts = {
  name: 'user-queue',
  clusterQueue: 'cq',
  groups: [{ resources: ['cpu', 'memory'], flavors: [{ name: 'any', most: { cpu: 8, memory: 4 * gibibyte } }] }],
};

/** As Snakemake has it where nobody says a word of memory: twice the size of the inputs, and 8000 MB at most. */
const request: ResourceRequest = { cpuMillis: 1000, memoryBytes: { value: 8e9, stated: false }, custom: {} };

/** The way of a step up to its creation: what its pods ask for together, or the refusal. */
function asked(spec: Partial<StepSpec>): { readonly refusal: KonvergeError | undefined; readonly memoryBytes: number } {
  const { spec: step } = sampleOrder({ resources: request, ...spec });
  const capabilities = kubernetesCapabilities(allKindsServed());
  const placed = place(step, { capabilities, queues: () => [asQueue(facts)] });
  const order = { ...sampleOrder(), spec: placed.spec, queue: placed.queue, kind: placed.choice.kind };
  const { kind, object } = buildStep(order, sampleSettings, { ...sampleContext, capacity: capacityOf(facts) });
  const podSets = podSetRequests(kind.podSets(object));
  return { refusal: refusalOf(step.rule, facts, podSets), memoryBytes: sum(podSets)['memory'] ?? 0 };
}

const mpi = (nodes: number): Partial<StepSpec> => ({
  resources: { ...request, mpi: { command: 'mpirun', tasks: nodes, nodes } },
});

test.each<[string, Partial<StepSpec>]>([
  ['a plain step', {}],
  ['a step with a service', { services: [sampleService()] }],
  [
    'one with services that state what they want, in several replicas',
    {
      services: [
        sampleService({ memoryBytes: 1.1e9 }),
        sampleService({ name: 'model', memoryBytes: 3e8, replicas: 3 }),
        sampleService({ name: 'cache', replicas: 2 }),
      ],
    },
  ],
  ['a step on two nodes', mpi(2)],
  ['a step on three nodes', mpi(3)],
])('a default of memory is lowered until %s fits its queue, and no further', (_what, spec) => {
  const { refusal, memoryBytes } = asked(spec);
  expect(refusal).toBeUndefined();
  expect(memoryBytes).toBeLessThanOrEqual(4 * gibibyte);
  expect(memoryBytes).toBeGreaterThan(4 * gibibyte - 8 * 2 ** 20);
});

test('a stated amount is taken at its word, and refused', () => {
  const stated = { ...request, memoryBytes: { value: 4 * gibibyte, stated: true } };
  expect(asked({ resources: stated, services: [sampleService()] }).refusal?.code).toBe('never-fits');
});
