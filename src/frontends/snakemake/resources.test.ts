import { describe, expect, it } from 'vitest';
import { resourcesFrom, textResource } from './resources.ts';
import type { StepRequest } from './step-request.ts';

type Value = string | number | boolean;

function stated(values: Record<string, Value>): StepRequest['resources'] {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { value, stated: true }]));
}

function byDefault(values: Record<string, Value>): StepRequest['resources'] {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { value, stated: false }]));
}

function read(values: Record<string, Value>, threads = 1): ReturnType<typeof resourcesFrom> {
  return resourcesFrom('map', threads, stated(values));
}

describe('memory', () => {
  it.each<[Record<string, Value>, number]>([
    [{ mem: '8GB' }, 8e9],
    [{ mem: '1.5 GiB' }, 1.5 * 2 ** 30],
    [{ mem: 2_000_000 }, 2e6],
    [{ mem_mb: 8000 }, 8e9],
    [{ mem_mb: '8000' }, 8e9],
    [{ mem_mb: 0.5 }, 5e5],
    [{ mem_mib: 1024 }, 2 ** 30],
    [{ kueue_memory: '4Gi' }, 4 * 2 ** 30],
    [{ kueue_memory: '500M' }, 5e8],
  ])('is read from %o', (values, value) => {
    expect(read(values).memoryBytes).toEqual({ value, stated: true });
  });

  it('for each cpu is for all cpus of all tasks', () => {
    expect(read({ mem_mb_per_cpu: 1000 }, 4).memoryBytes?.value).toBe(4e9);
    expect(read({ mem_mb_per_cpu: 1000, cpus_per_task: 2, mpi: 'mpirun', tasks: 3 }, 8).memoryBytes?.value).toBe(6e9);
  });

  it('is the first spelling that is stated; a default only where none is', () => {
    expect(read({ mem: '1GB', mem_mb: 2000, kueue_memory: '3G' }).memoryBytes?.value).toBe(1e9);
    const both = { ...byDefault({ mem_mb: 1000, mem: '1GB' }), ...stated({ mem_mb_per_cpu: 500 }) };
    expect(resourcesFrom('map', 2, both).memoryBytes).toEqual({ value: 1e9, stated: true });
    expect(resourcesFrom('map', 1, byDefault({ mem_mb: 1000 })).memoryBytes).toEqual({ value: 1e9, stated: false });
  });

  it('of nothing is no limit of nothing', () => {
    expect(read({ mem_mb: 0 }).memoryBytes).toBeUndefined();
    expect(read({}).memoryBytes).toBeUndefined();
  });
});

describe('a default', () => {
  it('that cannot be read is no reason to refuse', () => {
    const defaults = byDefault({ mem_mb: '<TBD>', mem_mib: 512, disk_mb: '<TBD>', runtime: 'soon' });
    expect(resourcesFrom('map', 1, defaults)).toEqual({
      cpuMillis: 1000,
      memoryBytes: { value: 512 * 2 ** 20, stated: false },
      custom: {},
    });
  });
});

describe('disk, runtime and cpus', () => {
  it.each<[Record<string, Value>, number]>([
    [{ disk: '2GB' }, 2e9],
    [{ disk_mb: 2000 }, 2e9],
    [{ disk_mib: 1 }, 2 ** 20],
  ])('disk is read from %o', (values, value) => {
    expect(read(values).diskBytes).toEqual({ value, stated: true });
  });

  it.each<[Value, number]>([
    [5, 300_000],
    ['5', 300_000],
    [0.5, 30_000],
    ['90s', 90_000],
    ['1h30m', 5_400_000],
    ['2d', 172_800_000],
  ])('a runtime of %o', (runtime, value) => {
    expect(read({ runtime }).runtimeMs).toEqual({ value, stated: true });
  });

  it.each<[Value, number]>([
    [2, 2000],
    ['3', 3000],
    [-1, 4000],
    [0, 4000],
  ])('cpus_per_task=%o with 4 threads', (cpus, cpuMillis) => {
    expect(read({ cpus_per_task: cpus }, 4).cpuMillis).toBe(cpuMillis);
  });
});

describe('MPI', () => {
  it.each<[Record<string, Value>, { tasks: number; nodes: number; tasksPerNode?: number }]>([
    [{}, { tasks: 1, nodes: 1 }],
    [{ tasks: 8 }, { tasks: 8, nodes: 1 }],
    [
      { tasks: 8, tasks_per_node: 4 },
      { tasks: 8, nodes: 2, tasksPerNode: 4 },
    ],
    [
      { tasks: 3, tasks_per_node: 4 },
      { tasks: 3, nodes: 1, tasksPerNode: 4 },
    ],
    [
      { nodes: 2, tasks_per_node: 4 },
      { tasks: 8, nodes: 2, tasksPerNode: 4 },
    ],
    [{ nodes: 2 }, { tasks: 2, nodes: 2 }],
    [
      { nodes: 2, tasks: 6 },
      { tasks: 6, nodes: 2 },
    ],
    [
      { kueue_tasks: 4, kueue_nodes: 2 },
      { tasks: 4, nodes: 2 },
    ],
    [
      { kueue_tasks: 4, tasks: 6, kueue_nodes: 2, nodes: 3 },
      { tasks: 6, nodes: 3 },
    ],
  ])('with %o', (values, expected) => {
    expect(read({ mpi: 'mpirun', ...values }).mpi).toEqual({ command: 'mpirun', ...expected });
  });

  it.each([
    [{ tasks: 5, nodes: 2 }, 'tasks=5 cannot be spread evenly over nodes=2'],
    [{ tasks: 2, nodes: 4 }, 'tasks=2 cannot be spread evenly over nodes=4'],
    [{ tasks: 9, tasks_per_node: 4 }, 'tasks=9 is not tasks_per_node=4 on each of nodes=3'],
    [{ tasks: 4, tasks_per_node: 4, nodes: 2 }, 'tasks=4 is not tasks_per_node=4 on each of nodes=2'],
    [{ tasks: 5, tasks_per_node: 4, nodes: 1 }, 'tasks=5 is not tasks_per_node=4 on each of nodes=1'],
  ])('%o contradicts itself', (values, reason) => {
    const fault = expect.objectContaining({ code: 'resource-invalid', message: `rule map: ${reason}` });
    expect(() => read({ mpi: 'mpirun', ...values })).toThrow(fault);
  });

  it('yields, where it is a default, to what the rule states', () => {
    const resources = {
      ...byDefault({ tasks: 1, nodes: 1 }),
      ...stated({ mpi: 'mpirun', tasks_per_node: 4, nodes: 2 }),
    };
    expect(resourcesFrom('map', 1, resources).mpi).toEqual({ command: 'mpirun', tasks: 8, nodes: 2, tasksPerNode: 4 });
    const profile = { ...byDefault({ tasks_per_node: 4 }), ...stated({ mpi: 'mpirun', tasks: 8 }) };
    expect(resourcesFrom('map', 1, profile).mpi).toEqual({ command: 'mpirun', tasks: 8, nodes: 2, tasksPerNode: 4 });
  });

  it('is not there without the resource mpi', () => {
    expect(read({ tasks: 8, nodes: 2 }).mpi).toBeUndefined();
  });
});

describe('gpus and countable resources', () => {
  it('reads number, maker and model', () => {
    expect(read({ gpu: 2, gpu_manufacturer: 'nvidia', gpu_model: ' a100 ' }).gpu).toEqual({
      count: 2,
      vendor: 'nvidia',
      model: 'a100',
    });
    expect(read({ gpu: 0, gpu_model: 'a100' }).gpu).toBeUndefined();
  });

  it('takes every other number for a countable resource', () => {
    expect(
      read({ licence: 2, io: 0.5, note: 'text', idle: 0, flag: true, mem_mb: 1, slurm_account: 3 }).custom,
    ).toEqual({
      licence: 2,
      io: 0.5,
    });
  });
});

describe('a value that cannot be read is refused by rule and resource', () => {
  it.each<[string, Value, string]>([
    ['mem', 'much', 'quantity-invalid'],
    ['mem_mb', '8GB', 'quantity-invalid'],
    ['mem_mb', '', 'quantity-invalid'],
    ['mem_mb', -1, 'quantity-invalid'],
    ['mem_mb', '<TBD>', 'quantity-invalid'],
    ['mem_mb', true, 'resource-invalid'],
    ['mem_mib', 'x', 'quantity-invalid'],
    ['mem_mb_per_cpu', 'x', 'quantity-invalid'],
    ['kueue_memory', '4 Gi B', 'quantity-invalid'],
    ['disk', '?', 'quantity-invalid'],
    ['disk_mb', 'x', 'quantity-invalid'],
    ['runtime', 'soon', 'runtime-invalid'],
    ['runtime', 0, 'runtime-invalid'],
    ['cpus_per_task', 1.5, 'resource-invalid'],
    ['cpus_per_task', '', 'resource-invalid'],
    ['gpu', -1, 'resource-invalid'],
    ['gpu', 'all', 'resource-invalid'],
    ['gpu', true, 'resource-invalid'],
    ['mpi', true, 'resource-invalid'],
    ['mpi', ' ', 'resource-invalid'],
  ])('%s=%o', (name, value, code) => {
    const fault = expect.objectContaining({ code, message: expect.stringContaining(`rule map, resource ${name}: `) });
    expect(() => read({ [name]: value })).toThrow(fault);
  });

  it.each(['tasks', 'nodes', 'tasks_per_node', 'kueue_tasks', 'kueue_nodes'])('%s below 1', (name) => {
    for (const value of [0, -2, 'two']) {
      const fault = expect.objectContaining({
        code: 'resource-invalid',
        message: expect.stringContaining(`resource ${name}: `),
      });
      expect(() => read({ mpi: 'mpirun', [name]: value })).toThrow(fault);
    }
  });

  it('a name that is none', () => {
    expect(textResource('map', stated({ kueue_queue: ' big ' }), 'kueue_queue')).toBe('big');
    expect(textResource('map', {}, 'kueue_queue')).toBeUndefined();
    for (const value of [3, true, '  ']) {
      expect(() => textResource('map', stated({ kueue_queue: value }), 'kueue_queue')).toThrow(
        /rule map, resource kueue_queue: .* is not a name/,
      );
    }
  });
});
