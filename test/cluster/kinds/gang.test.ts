// All pods of a step are admitted together, or none is made.
import { expect } from 'vitest';
import { referenceOf } from '../../../images/recipe.ts';
import { resources } from '../../../src/engines/kubernetes/client/object.ts';
import type { OrderChange } from '../engine/harness.ts';
import { useEnginePlace } from '../engine/place.ts';
import { kindTest, podsOf } from './kind-case.ts';

const place = useEnginePlace('gang');

const service = {
  name: 'kv',
  command: ['python3', '-m', 'http.server', '20000'],
  cpuMillis: 300,
  port: 20_000,
  ready: { kind: 'tcp' },
  replicas: 2,
  startTimeoutMs: 60_000,
} as const;

/** Each needs more than half of the queue for its pods together, and less for any of them. */
const gangs: readonly (readonly [string, OrderChange])[] = [
  ['sleep 1', { kind: 'jobset', services: [service], request: { cpuMillis: 100 } }],
  [
    'mpirun -n 3 sleep 1',
    {
      kind: 'mpijob',
      container: referenceOf('mpi'),
      request: { cpuMillis: 200, mpi: { command: 'mpirun', tasks: 3, nodes: 3 } },
    },
  ],
];

kindTest(
  place,
  'what does not fit whole waits without a pod, and runs when there is room',
  async (harness, queue) => {
    const halfTheQueue = harness.launch(harness.order('sleep 300', { request: { cpuMillis: 500 } }));
    await harness.says(halfTheQueue, 'running');
    const waiting = gangs.map(([command, change]) => harness.launch(harness.order(command, change)));
    for (const id of waiting) await harness.says(id, 'queued', /cpu|its turn/);
    const owners = (await place().client.list(resources.workloads)).items
      .filter(({ spec }) => spec?.['queueName'] === queue)
      .flatMap(({ metadata }) => metadata.ownerReferences?.map(({ kind }) => kind) ?? []);
    expect(owners.sort()).toEqual(['Job', 'JobSet', 'MPIJob']);
    for (const id of waiting) expect(await podsOf(place(), id)).toEqual([]);
    harness.engine.cancel([halfTheQueue]);
    await harness.failed(halfTheQueue);
    for (const id of waiting) expect((await harness.end(id)).state, harness.story(id)).toBe('succeeded');
  },
  { quota: { cpu: '1', memory: '4Gi' } },
);
