import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { add, demandOf, demandOfStep, fits, type Quota, shortfalls, subtract } from './queue.ts';

const quota: Quota = { cpuMillis: 4000, memoryBytes: 8e9, gpu: 1, custom: { licence: 2 } };
const anyQuota = fc.record({
  cpuMillis: fc.nat(100_000),
  memoryBytes: fc.nat(),
  gpu: fc.nat(8),
  custom: fc.dictionary(fc.constantFrom('licence', 'tape'), fc.nat(5)),
});

describe('quotas', () => {
  it('caps a default of memory to the queue, and never a stated amount', () => {
    const demand = (stated: boolean) =>
      demandOf({ cpuMillis: 1000, memoryBytes: { value: 16e9, stated }, custom: {} }, quota);
    expect(fits(demand(false), quota)).toBe(true);
    expect(shortfalls(demand(true), quota)).toEqual(['16G memory of 8G']);
  });

  it('counts the cpus of every task', () => {
    expect(
      demandOf({ cpuMillis: 2000, mpi: { command: 'mpirun', tasks: 3, nodes: 1 }, custom: {} }, quota).cpuMillis,
    ).toBe(6000);
  });

  it('counts what each node has once for each node that is apart, and disk only where it is counted', () => {
    const request = {
      cpuMillis: 1000,
      memoryBytes: { value: 4e9, stated: true },
      diskBytes: { value: 3e9, stated: true },
      gpu: { count: 1 },
      mpi: { command: 'mpirun', tasks: 4, nodes: 2 },
      custom: { licence: 1 },
    };
    const together = { cpuMillis: 4000, memoryBytes: 4e9, gpu: 1, custom: { licence: 1 } };
    expect(demandOf(request, quota)).toEqual(together);
    expect(demandOf(request, quota, 'apart')).toEqual({ ...together, gpu: 2, custom: { licence: 2 } });
    const withDisk = { ...quota, diskBytes: 5e9 };
    expect(demandOf(request, withDisk, 'apart').diskBytes).toBe(6e9);
    expect(demandOf({ ...request, diskBytes: { value: 3e9, stated: false } }, withDisk).diskBytes).toBe(0);
    expect(shortfalls(demandOf(request, withDisk, 'apart'), { ...withDisk, gpu: 2 })).toEqual(['6G disk of 5G']);
    expect(subtract(withDisk, demandOf(request, withDisk)).diskBytes).toBe(2e9);
  });

  it('names everything that is short, and a resource that nobody offers', () => {
    const demand: Quota = { cpuMillis: 5000, memoryBytes: 0, gpu: 2, custom: { licence: 3, tape: 1 } };
    expect(shortfalls(demand, quota)).toEqual(['5 cpu of 4', '2 gpu of 1', '3 licence of 2', '1 tape of 0']);
  });

  it('gives back what it took', () => {
    fc.assert(
      fc.property(anyQuota, anyQuota, (free, demand) => {
        const back = add(subtract(free, demand), demand);
        expect({ ...back, custom: undefined }).toEqual({ ...free, custom: undefined });
        for (const [name, amount] of Object.entries(back.custom)) expect(amount).toBe(free.custom[name] ?? 0);
      }),
    );
  });
});

it('services count as far as they say what they need, each replica, and a default of the step yields to them', () => {
  const service = { name: 'db', command: ['db'], port: 0, ready: { kind: 'tcp' }, startTimeoutMs: 1 } as const;
  const services = [
    { ...service, replicas: 2, cpuMillis: 250, memoryBytes: 1e9 },
    { ...service, replicas: 1 },
  ];
  const offer: Quota = { cpuMillis: 4000, memoryBytes: 8e9, gpu: 0, custom: {} };
  const memory = (value: number, stated: boolean) => ({ cpuMillis: 1000, memoryBytes: { value, stated }, custom: {} });
  expect(demandOfStep({ resources: memory(16e9, false), services }, offer)).toMatchObject({
    cpuMillis: 1500,
    memoryBytes: 8e9,
  });
  expect(demandOfStep({ resources: memory(7e9, true), services }, offer).memoryBytes).toBe(9e9);
});
