import { describe, expect, it } from 'vitest';
import { allKindsServed } from '../domain/kind-selection.ts';
import type { Queue } from '../domain/queue.ts';
import type { ResourceRequest } from '../domain/resources.ts';
import type { StepSpec } from '../domain/step.ts';
import { place } from './placement.ts';

const gib = 2 ** 30;

function queue(name: string, cpu: number, more: Partial<Queue['quota']> = {}): Queue {
  return { name, priority: 0, quota: { cpuMillis: cpu * 1000, memoryBytes: 4 * gib, gpu: 0, custom: {}, ...more } };
}

function spec(resources: Partial<ResourceRequest> = {}, more: Partial<StepSpec> = {}): StepSpec {
  return {
    ref: '1.1',
    rule: 'map',
    label: 'map',
    attempt: 1,
    priority: 0,
    inputs: [],
    outputs: ['out'],
    logs: [],
    resources: { cpuMillis: 1000, custom: {}, ...resources },
    execution: { mode: 'direct', shell: '/bin/sh', commands: ['true'] },
    cwd: '/work',
    env: {},
    services: [],
    benchmark: false,
    ...more,
  };
}

const containers = { served: false, reason: 'none here' } as const;

function placed(step: StepSpec, ...queues: Queue[]): ReturnType<typeof place> {
  const capabilities = {
    kinds: allKindsServed(),
    containers,
    gpu: false,
    nodes: 'apart',
    memoryLimit: 'none',
    processTracking: 'none',
    queueHints: { unknown: 'add it', tooSmall: 'raise it' },
    survivesCore: false,
  } as const;
  return place(step, { capabilities, queues: () => queues });
}

describe('the place of a step', () => {
  it('is the queue that it names, and only that', () => {
    const queues = [queue('default', 8), queue('small', 2)];
    expect(placed(spec({}, { queue: 'small' }), ...queues).queue).toBe('small');
    expect(() => placed(spec({}, { queue: 'none' }), ...queues)).toThrow(
      /rule map: there is no queue "none"; there are: default, small/,
    );
    expect(() => placed(spec({}, { queue: 'none' }), ...queues)).toThrow(expect.objectContaining({ hint: 'add it' }));
    expect(() => placed(spec({ cpuMillis: 3000 }, { queue: 'small' }), ...queues)).toThrow(
      expect.objectContaining({
        code: 'never-fits',
        message: expect.stringContaining('queue small: wants 3 cpu of 2'),
        hint: 'raise it',
      }),
    );
  });

  it('is else `default` wherever that stands, if the step fits there; else the first in which it fits', () => {
    const queues = [queue('big', 16), queue('default', 2), queue('huge', 64)];
    expect(placed(spec(), ...queues).queue).toBe('default');
    expect(placed(spec({ cpuMillis: 4000 }), ...queues).queue).toBe('big');
    expect(placed(spec({ cpuMillis: 32_000 }), ...queues).queue).toBe('huge');
    expect(placed(spec(), queue('a', 1), queue('b', 1)).queue).toBe('a');
  });

  it('is nowhere if it fits nowhere: each queue is named with what it is short of', () => {
    expect(() => placed(spec({ gpu: { count: 1 }, cpuMillis: 4000 }), queue('a', 2), queue('b', 8))).toThrow(
      /rule map can never run: queue a: wants 4 cpu of 2, 1 gpu of 0; queue b: wants 1 gpu of 0/,
    );
  });

  it('takes a default of memory for a hint, and a stated amount at its word', () => {
    const much = { value: 100 * gib, stated: false };
    expect(placed(spec({ memoryBytes: much }), queue('default', 2)).queue).toBe('default');
    expect(() => placed(spec({ memoryBytes: { ...much, stated: true } }), queue('default', 2))).toThrow(
      /100Gi memory of 4Gi/,
    );
  });

  it('counts all tasks of an MPI step', () => {
    const mpi = { command: 'mpirun', tasks: 4, nodes: 1 };
    expect(placed(spec({ mpi }), queue('default', 4)).choice.kind).toBe('job');
    expect(() => placed(spec({ mpi }), queue('default', 3))).toThrow(/4 cpu of 3/);
  });

  it('counts what each node of an MPI step has, where nodes are apart', () => {
    const mpi = { command: 'mpirun', tasks: 4, nodes: 2 };
    const disk = { value: 10 * gib, stated: true };
    const queues = [queue('default', 8, { gpu: 1 }), queue('big', 8, { gpu: 2, diskBytes: 20 * gib })];
    expect(placed(spec({ mpi, gpu: { count: 1 } }), ...queues).queue).toBe('big');
    expect(placed(spec({ mpi, gpu: { count: 1 }, diskBytes: disk }), ...queues).queue).toBe('big');
    const fpga = { 'example.com/fpga': 1 };
    const custom = (most: number) => queue('default', 8, { custom: { 'example.com/fpga': most } });
    expect(() => placed(spec({ mpi, custom: fpga }), custom(1))).toThrow('2 example.com/fpga of 1');
    expect(placed(spec({ mpi, custom: fpga }), custom(2)).queue).toBe('default');
  });

  it('keeps of the resources that users invent those that some queue counts', () => {
    const custom = { licence: 1, io_slots: 50 };
    const queues = [queue('default', 2), queue('matlab', 2, { custom: { licence: 3 } })];
    const { spec: counted, queue: chosen } = placed(spec({ custom }), ...queues);
    expect(counted.resources.custom).toEqual({ licence: 1 });
    expect(chosen).toBe('matlab');
    expect(placed(spec({ custom }), queue('default', 2)).spec.resources.custom).toEqual({});
  });

  it('passes on why the kind cannot be had', () => {
    expect(() => placed(spec({}, { operator: 'pbs' }), queue('default', 2))).toThrow(
      expect.objectContaining({ code: 'operator-unknown' }),
    );
  });
});
