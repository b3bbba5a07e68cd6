// The way of a step from Snakemake's words to its object: a golden file for each shape. Written anew by
// `npm test -- --only vitest test/golden -u`.
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { place } from '../../src/app/placement.ts';
import { parseConfiguration } from '../../src/config/load.ts';
import { KonvergeError } from '../../src/domain/error.ts';
import { stepIdOf, stepKeyOf } from '../../src/domain/identity.ts';
import { allKindsServed, type ServedKinds } from '../../src/domain/kind-selection.ts';
import { buildStep } from '../../src/engines/kubernetes/build-step.ts';
import { kubernetesCapabilities } from '../../src/engines/kubernetes/capabilities.ts';
import { kindOf } from '../../src/engines/kubernetes/kinds/registry.ts';
import { refusalOf } from '../../src/engines/kubernetes/kueue/fit.ts';
import { podSetRequests } from '../../src/engines/kubernetes/kueue/pod-requests.ts';
import { asQueue, capacityOf, type QueueFacts } from '../../src/engines/kubernetes/kueue/queue-facts.ts';
import { explainPod } from '../../src/engines/kubernetes/pod/explain-pod.ts';
import { checkSecretSize, stepData } from '../../src/engines/kubernetes/pod/secret-data.ts';
import { StepRequest } from '../../src/frontends/snakemake/step-request.ts';
import { stepFrom } from '../../src/frontends/snakemake/translate.ts';
import { type Shape, shapes, staging } from './shapes.ts';

const gibibyte = 2 ** 30;

function queue(name: string, most: Readonly<Record<string, number>>): QueueFacts {
  return {
    name,
    clusterQueue: `cluster-${name}`,
    groups: [{ resources: Object.keys(most), flavors: [{ name: 'any', most }] }],
  };
}

const queues = [
  queue('main', { cpu: 16, memory: 64 * gibibyte, 'example.com/fpga': 4 }),
  queue('small', { cpu: 4, memory: 4 * gibibyte }),
  queue('gpu', { cpu: 32, memory: 128 * gibibyte, 'nvidia.com/gpu': 8, 'ephemeral-storage': 200e9 }),
  queue('amd', { cpu: 32, memory: 128 * gibibyte, 'amd.com/gpu': 8 }),
];

function requestOf({ resources = {}, defaults = {}, request }: Shape): StepRequest {
  const values = (of: Readonly<Record<string, string | number>>, stated: boolean) =>
    Object.entries(of).map(([name, value]) => [name, { value, stated }]);
  return StepRequest.parse({
    ref: '1',
    rule: 'map',
    label: 'map sample=a',
    attempt: 1,
    threads: 2,
    inputs: [{ path: 'in.txt', version: '7' }],
    outputs: ['out.txt'],
    logs: [],
    resources: Object.fromEntries([...values(defaults, false), ...values(resources, true)]),
    execution: { mode: 'direct', shell: '/bin/bash', commands: ['set -euo pipefail;  sort in.txt > out.txt'] },
    cwd: '/home/ann/project',
    env: { OMP_NUM_THREADS: '2' },
    staging,
    ...request,
  });
}

const withImages =
  'images: { default: "python:3.12-slim", agent: "konverge/agent:1", snakemake: "konverge/snakemake:1" }\n';

function kindsOf({ unserved = {} }: Shape): ServedKinds {
  const missing = Object.entries(unserved).map(([kind, reason]) => [kind, { served: false, reason }]);
  return { ...allKindsServed(), ...Object.fromEntries(missing) } as ServedKinds;
}

/** As the front end, the core and the engine do it, up to the object that would be created. */
function madeOf(shape: Shape): readonly object[] {
  const { yaml = '', session } = shape;
  const configuration = parseConfiguration(/^images:/m.test(yaml) ? yaml : withImages + yaml, 'konverge.yaml');
  const spec = stepFrom(requestOf(shape), { containers: 'off', engine: 'kubernetes', ...session }, configuration);
  const engine = { capabilities: kubernetesCapabilities(kindsOf(shape)), queues: () => queues.map(asQueue) };
  const placed = place(spec, engine);
  const facts = queues.find(({ name }) => name === placed.queue);
  if (facts === undefined) throw new Error(`no queue ${placed.queue}`);
  const context = {
    run: 'f00dcafe',
    namespace: kindOf(placed.choice.kind).namespace?.(configuration.kubernetes, 'team-a') ?? 'team-a',
    queue: placed.queue,
    nodeCores: 16,
    capacity: capacityOf(facts),
  };
  const id = stepIdOf(stepKeyOf('/home/ann/project', placed.spec), placed.spec.attempt, 1);
  const order = { id, kind: placed.choice.kind, queue: placed.queue, sequence: 1, spec: placed.spec };
  const { kind, pod, object } = buildStep(order, configuration.kubernetes, context);
  checkSecretSize(order.spec, stepData(order.spec, pod.additions));
  const refusal = refusalOf(spec.rule, facts, podSetRequests(kind.podSets(object)));
  if (refusal) throw refusal;
  const notes = explainPod(order, configuration.kubernetes, context, pod.additions);
  return [{ kind: placed.choice.kind, reason: placed.choice.reason, queue: placed.queue, notes }, object];
}

function storyOf(shape: Shape): readonly object[] {
  try {
    return madeOf(shape);
  } catch (error) {
    if (!(error instanceof KonvergeError)) throw error;
    const { code, message, hint } = error;
    return [{ refused: code, message, hint }];
  }
}

describe('the shape', () => {
  test.each(Object.entries(shapes))('%s', async (name, shape) => {
    const text = storyOf(shape)
      .map((part) => stringify(part, { aliasDuplicateObjects: false, lineWidth: 0, blockQuote: 'literal' }))
      .join('---\n');
    await expect(text).toMatchFileSnapshot(`${name}.yaml`);
  });
});

test('there are forty', () => {
  expect(Object.keys(shapes).length).toBeGreaterThanOrEqual(40);
});
