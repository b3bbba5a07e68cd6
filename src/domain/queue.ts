import { formatBytes, formatCpuMillis } from './quantity.ts';
import { type ResourceRequest, totalCpuMillis } from './resources.ts';
import type { StepSpec } from './step.ts';

/** What a queue may use at once. An absent amount of `custom` is zero: a resource that nobody offers never fits. */
export interface Quota {
  readonly cpuMillis: number;
  readonly memoryBytes: number;
  /** Absent: what a step writes is not counted, as on the local engine. */
  readonly diskBytes?: number;
  readonly gpu: number;
  readonly custom: Readonly<Record<string, number>>;
}

export interface Queue {
  readonly name: string;
  /** Higher goes first when several queues wait for the same machine. */
  readonly priority: number;
  readonly quota: Quota;
}

/** Whether an engine gives each node of an MPI step a place of its own, or all of them the same. */
export type NodeSpread = 'apart' | 'together';

/**
 * What a step takes from a quota. A memory default is capped to the queue; a stated one is not (design.md 12.6). Tasks and memory are
 * those of the whole step; the rest each node has, where nodes are apart.
 */
export function demandOf(request: ResourceRequest, quota: Quota, spread: NodeSpread = 'together'): Quota {
  const memory = request.memoryBytes;
  const cpuMillis = totalCpuMillis(request);
  const nodes = spread === 'apart' ? (request.mpi?.nodes ?? 1) : 1;
  const diskBytes = request.diskBytes?.stated ? request.diskBytes.value * nodes : 0;
  return {
    cpuMillis,
    memoryBytes: memory ? (memory.stated ? memory.value : Math.min(memory.value, quota.memoryBytes)) : 0,
    ...(quota.diskBytes !== undefined && { diskBytes }),
    gpu: (request.gpu?.count ?? 0) * nodes,
    custom: Object.fromEntries(Object.entries(request.custom).map(([name, amount]) => [name, amount * nodes])),
  };
}

/** What a step takes with its services, as far as they say what they need. */
export function demandOfStep(
  { resources, services }: Pick<StepSpec, 'resources' | 'services'>,
  quota: Quota,
  spread: NodeSpread = 'together',
): Quota {
  const sum = (amount: 'cpuMillis' | 'memoryBytes'): number =>
    services.reduce((total, service) => total + (service[amount] ?? 0) * service.replicas, 0);
  const [cpuMillis, memoryBytes] = [sum('cpuMillis'), sum('memoryBytes')];
  // A default of the step itself yields to what its services state.
  const left = { ...quota, memoryBytes: Math.max(0, quota.memoryBytes - memoryBytes) };
  const own = demandOf(resources, left, spread);
  return { ...own, cpuMillis: own.cpuMillis + cpuMillis, memoryBytes: own.memoryBytes + memoryBytes };
}

export function fits(demand: Quota, free: Quota): boolean {
  return shortfalls(demand, free).length === 0;
}

/** One phrase per resource that is short, such as `4 cpu (2 of 2)`. Empty: it fits. */
export function shortfalls(demand: Quota, free: Quota): string[] {
  const short: string[] = [];
  if (demand.cpuMillis > free.cpuMillis) {
    short.push(`${formatCpuMillis(demand.cpuMillis)} cpu of ${formatCpuMillis(free.cpuMillis)}`);
  }
  if (demand.memoryBytes > free.memoryBytes) {
    short.push(`${formatBytes(demand.memoryBytes)} memory of ${formatBytes(free.memoryBytes)}`);
  }
  const disk = demand.diskBytes ?? 0;
  if (free.diskBytes !== undefined && disk > free.diskBytes) {
    short.push(`${formatBytes(disk)} disk of ${formatBytes(free.diskBytes)}`);
  }
  if (demand.gpu > free.gpu) short.push(`${demand.gpu} gpu of ${free.gpu}`);
  for (const [name, amount] of Object.entries(demand.custom)) {
    const there = free.custom[name] ?? 0;
    if (amount > there) short.push(`${amount} ${name} of ${there}`);
  }
  return short;
}

export function subtract(free: Quota, demand: Quota): Quota {
  return combine(free, demand, -1);
}

export function add(free: Quota, demand: Quota): Quota {
  return combine(free, demand, 1);
}

function combine(free: Quota, demand: Quota, sign: 1 | -1): Quota {
  const custom: Record<string, number> = { ...free.custom };
  for (const [name, amount] of Object.entries(demand.custom)) custom[name] = (custom[name] ?? 0) + sign * amount;
  return {
    cpuMillis: free.cpuMillis + sign * demand.cpuMillis,
    memoryBytes: free.memoryBytes + sign * demand.memoryBytes,
    ...(free.diskBytes !== undefined && { diskBytes: free.diskBytes + sign * (demand.diskBytes ?? 0) }),
    gpu: free.gpu + sign * demand.gpu,
    custom,
  };
}
