import { KonvergeError } from '../../../domain/error.ts';
import { formatBytes, formatCpuMillis } from '../../../domain/quantity.ts';
import { type ResourceRequest, totalCpuMillis } from '../../../domain/resources.ts';
import { gpuResources } from './gpu.ts';
import type { PodContext } from './pod-context.ts';
import type { MemoryShare } from './step-additions.ts';

/**
 * What the agent asks for. Kueue counts a native sidecar beside the step, so it is little: about what Node and the S3 client
 * have in memory. Its cpu is taken out of the step's, so that a pod asks for exactly the cpus that the rule states, and four
 * steps of one cpu fit a queue of four. While files are moved the step's container sleeps, and the agent has the whole pod's
 * share; no limits, for a limit would make large transfers slow, or end them.
 */
export const agentRequests = { cpuMillis: 10, memoryBytes: 128 * 2 ** 20 } as const;

const mebibyte = 2 ** 20;
/** Nobody said how much: little, but not nothing, or the step is the first to go when its node runs short of memory. */
const unknownMemoryBytes = 256 * mebibyte;
const leastMemoryBytes = 32 * mebibyte;
/** More ephemeral storage than any node has is a slip of units, and would never be scheduled. */
const mostDiskBytes = 2 ** 40;
const diskName = 'ephemeral-storage';

export interface StepResources {
  readonly requests: Readonly<Record<string, string>>;
  readonly limits: Readonly<Record<string, string>>;
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly tolerations: readonly object[];
  /** That was asked for. */
  readonly diskBytes?: number;
  /** What was left out or lowered, and why: one sentence each, for `explain`. */
  readonly notes: readonly string[];
}

/**
 * Of the step's container.
 * - cpu: a request without a limit. A limit would throttle a step on a node with cpus to spare, and protects nobody whom the
 *   requests do not protect already; Snakemake's own Kubernetes plugin sets none either.
 * - memory that was stated: request and limit, so that what is promised is there and what passes it is ended. A default is a
 *   hint (design.md 12.6): only a request, for the pod as a whole, and not more than the queue can give all pods of the step.
 * - disk that was stated: a request. What the step writes is limited by the volumes that it writes to (volumes.ts).
 *
 * Throws `resource-invalid`.
 */
export function resourcesOf(
  rule: string,
  request: ResourceRequest,
  { capacity }: PodContext,
  share?: MemoryShare,
): StepResources {
  const notes: string[] = [];
  const extended = extendedResources(rule, request, notes);
  const gpu = gpuResources(rule, request.gpu);
  const counted = { ...gpu.amounts, ...extended };
  const memory = memoryOf(request, capacity, share, notes);
  const diskBytes = diskOf(request, capacity, notes);
  const disk = diskBytes === undefined ? {} : { [diskName]: formatBytes(diskBytes) };
  const cpuMillis = Math.max(1, totalCpuMillis(request) - agentRequests.cpuMillis);
  return {
    requests: { cpu: formatCpuMillis(cpuMillis), ...memory.requests, ...disk, ...counted },
    limits: { ...memory.limits, ...counted },
    nodeSelector: gpu.nodeSelector,
    tolerations: gpu.tolerations,
    ...(diskBytes !== undefined && { diskBytes }),
    notes,
  };
}

interface MemoryResources {
  readonly requests: Readonly<Record<string, string>>;
  readonly limits: Readonly<Record<string, string>>;
}

/** Of the agent's container; Kueue admits nothing that asks for a resource which its queue does not list. */
export function agentResources({ capacity }: PodContext): Readonly<Record<string, string>> {
  const { cpuMillis, memoryBytes } = agentRequests;
  return {
    cpu: formatCpuMillis(cpuMillis),
    ...(covers(capacity, 'memory') ? { memory: formatBytes(memoryBytes) } : {}),
  };
}

/** Unless it is known that it does not. */
function covers(capacity: PodContext['capacity'], resource: string): boolean {
  return capacity?.covered?.includes(resource) ?? true;
}

function memoryOf(
  { memoryBytes }: ResourceRequest,
  capacity: PodContext['capacity'],
  share: MemoryShare | undefined,
  notes: string[],
): MemoryResources {
  if (memoryBytes?.stated) {
    const memory = formatBytes(memoryBytes.value);
    return { requests: { memory }, limits: { memory } };
  }
  if (!covers(capacity, 'memory')) {
    notes.push('memory: not requested, since the queue has no quota of it and the rule states none');
    return { requests: {}, limits: {} };
  }
  const hint = memoryBytes?.value ?? unknownMemoryBytes;
  const capped = Math.min(hint, partOf(capacity?.memoryBytes ?? Number.POSITIVE_INFINITY, share));
  if (capped < hint) {
    const whole = formatBytes(capacity?.memoryBytes ?? 0);
    const what = share ? `${formatBytes(capped)}, the pod's part of the ${whole}` : `the ${whole}`;
    notes.push(`memory: the default of ${formatBytes(hint)} is lowered to ${what} of the queue`);
  }
  const rest = Math.floor((capped - agentRequests.memoryBytes) / mebibyte) * mebibyte;
  return { requests: { memory: formatBytes(Math.max(Math.min(capped, leastMemoryBytes), rest)) }, limits: {} };
}

/** In whole mebibytes, so that the parts together are no more than the queue has. */
function partOf(memoryBytes: number, { othersBytes, pods }: MemoryShare = { othersBytes: 0, pods: 1 }): number {
  if (othersBytes === 0 && pods === 1) return memoryBytes;
  return Math.floor(Math.max(0, memoryBytes - othersBytes) / pods / mebibyte) * mebibyte;
}

function diskOf({ diskBytes }: ResourceRequest, capacity: PodContext['capacity'], notes: string[]): number | undefined {
  // Snakemake's default is 50 GB: nodes do not have that for each of their steps.
  if (!diskBytes?.stated) return undefined;
  // Kueue never admits what asks for a resource that its queue does not list.
  if (!covers(capacity, diskName)) {
    notes.push(`disk: not requested, since the queue has no quota of ${diskName}`);
    return undefined;
  }
  if (diskBytes.value > mostDiskBytes) {
    notes.push(`disk: ${formatBytes(diskBytes.value)} is lowered to ${formatBytes(mostDiskBytes)}`);
  }
  return Math.min(diskBytes.value, mostDiskBytes);
}

/** Other resources that have a name as Kubernetes writes those of devices: `example.com/fpga`. */
function extendedResources(rule: string, { custom }: ResourceRequest, notes: string[]): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [name, amount] of Object.entries(custom)) {
    if (!/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?\/[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/.test(name)) {
      notes.push(`${name}: not requested, since it is no resource of Kubernetes (those are written domain/name)`);
    } else if (/(^|\.)kubernetes\.io\//.test(name)) {
      notes.push(`${name}: not requested, since Kubernetes keeps that domain for itself`);
    } else if (!Number.isInteger(amount)) {
      throw new KonvergeError('resource-invalid', `rule ${rule}, resource ${name}: ${amount} is not a whole number`);
    } else {
      found[name] = String(amount);
    }
  }
  return found;
}
