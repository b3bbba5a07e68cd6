import { KonvergeError } from '../../domain/error.ts';
import { parseGates } from '../../domain/gates.ts';
import { parseBytes, roundUp } from '../../domain/quantity.ts';
import type { Amount, GpuRequest, MpiRequest, ResourceRequest } from '../../domain/resources.ts';
import { parseRuntimeMs } from '../../domain/runtime.ts';
import { parseSizeBytes } from '../../domain/size.ts';
import { parseTopology, type Topology } from '../../domain/topology.ts';
import type { StepRequest } from './step-request.ts';

type Resources = StepRequest['resources'];

/** Resources with a meaning of their own; any other number is a countable resource that a queue may have a quota for. */
const known = new Set(
  `mem mem_mb mem_mib mem_mb_per_cpu kueue_memory disk disk_mb disk_mib runtime tmpdir gpu gpu_manufacturer gpu_model nodes
   tasks tasks_per_node tasks_per_gpu cpus_per_task cpus_per_gpu mpi constraint container shell_exec kueue_operator
   kueue_queue kueue_priority kueue_services kueue_topology kueue_gates kueue_flux_view kueue_tasks kueue_nodes slurm_account
   slurm_partition slurm_extra slurm_requeue cluster clusters slurm_cluster qos reservation gres`.split(/\s+/),
);

const megabyte = 1_000_000;
const mebibyte = 2 ** 20;

/**
 * Snakemake's and Slurm's vocabulary (design.md section 5) as one request.
 * Throws `quantity-invalid`, `runtime-invalid` or `resource-invalid`, each naming the rule and the resource.
 */
export function resourcesFrom(rule: string, threads: number, resources: Resources): ResourceRequest {
  const cpusPerTask = wholeNumber(rule, resources, 'cpus_per_task') ?? threads;
  const mpi = mpiFrom(rule, resources);
  // Slurm's plugin reads 0 and -1 as "not said".
  const cpuMillis = (cpusPerTask < 1 ? threads : cpusPerTask) * 1000;
  const memoryBytes = memoryFrom(rule, resources, (cpuMillis / 1000) * (mpi?.tasks ?? 1));
  const diskBytes = amount(rule, resources, [
    ['disk', (value) => parseSizeBytes(String(value), `rule ${rule}, resource disk`)],
    ['disk_mb', (value) => scaled(rule, 'disk_mb', value, megabyte)],
    ['disk_mib', (value) => scaled(rule, 'disk_mib', value, mebibyte)],
  ]);
  const runtimeMs = amount(rule, resources, [
    ['runtime', (value) => parseRuntimeMs(value, `rule ${rule}, resource runtime`)],
  ]);
  const gpu = gpuFrom(rule, resources);
  return {
    cpuMillis,
    ...(memoryBytes && { memoryBytes }),
    ...(diskBytes && { diskBytes }),
    ...(runtimeMs && { runtimeMs }),
    ...(gpu && { gpu }),
    ...(mpi && { mpi }),
    custom: customFrom(resources),
  };
}

/** The text of a resource that holds a name, such as kueue_queue. */
export function textResource(rule: string, resources: Resources, name: string): string | undefined {
  const entry = resources[name];
  if (entry === undefined) return undefined;
  if (typeof entry.value !== 'string' || entry.value.trim() === '') {
    throw notA(rule, name, entry.value, 'a name');
  }
  return entry.value.trim();
}

export function topologyFrom(rule: string, resources: Resources): Topology | undefined {
  const text = textResource(rule, resources, 'kueue_topology');
  return text === undefined ? undefined : parseTopology(text, `rule ${rule}, resource kueue_topology`);
}

export function gatesFrom(rule: string, resources: Resources): readonly string[] | undefined {
  const text = textResource(rule, resources, 'kueue_gates');
  return text === undefined ? undefined : parseGates(text, `rule ${rule}, resource kueue_gates`);
}

function memoryFrom(rule: string, resources: Resources, cpus: number): Amount | undefined {
  return amount(rule, resources, [
    ['mem', (value) => parseSizeBytes(String(value), `rule ${rule}, resource mem`)],
    ['mem_mb', (value) => scaled(rule, 'mem_mb', value, megabyte)],
    ['mem_mib', (value) => scaled(rule, 'mem_mib', value, mebibyte)],
    ['mem_mb_per_cpu', (value) => scaled(rule, 'mem_mb_per_cpu', value, megabyte * Math.max(cpus, 1))],
    ['kueue_memory', (value) => parseBytes(String(value), `rule ${rule}, resource kueue_memory`)],
  ]);
}

/**
 * The first spelling that the author stated; else the first that has a default which can be read: a default is a hint, and
 * never a reason to refuse. Nothing of something (`mem_mb=0`) is not a limit, but no request.
 */
function amount(
  rule: string,
  resources: Resources,
  spellings: readonly (readonly [string, (value: string | number) => number])[],
): Amount | undefined {
  for (const [name, parse] of spellings) {
    const entry = resources[name];
    if (!entry?.stated) continue;
    if (typeof entry.value === 'boolean') throw notA(rule, name, entry.value, 'an amount');
    const value = parse(entry.value);
    return value > 0 ? { value, stated: true } : undefined;
  }
  for (const [name, parse] of spellings) {
    const entry = resources[name];
    const value = entry === undefined || typeof entry.value === 'boolean' ? undefined : readable(parse, entry.value);
    if (value) return { value, stated: false };
  }
  return undefined;
}

function readable(parse: (value: string | number) => number, value: string | number): number | undefined {
  try {
    return parse(value);
  } catch {
    return undefined;
  }
}

function scaled(rule: string, name: string, value: string | number, unit: number): number {
  const number = toNumber(value);
  if (!Number.isFinite(number) || number < 0) {
    throw new KonvergeError(
      'quantity-invalid',
      `rule ${rule}, resource ${name}: cannot read ${JSON.stringify(value)} as a number`,
    );
  }
  return roundUp(number * unit);
}

function gpuFrom(rule: string, resources: Resources): GpuRequest | undefined {
  const count = wholeNumber(rule, resources, 'gpu');
  if (count === undefined || count === 0) return undefined;
  if (count < 0) throw notA(rule, 'gpu', count, 'a number of gpus');
  const vendor = textResource(rule, resources, 'gpu_manufacturer');
  const model = textResource(rule, resources, 'gpu_model');
  return { count, ...(vendor && { vendor }), ...(model && { model }) };
}

function mpiFrom(rule: string, resources: Resources): MpiRequest | undefined {
  const command = textResource(rule, resources, 'mpi');
  if (command === undefined) return undefined;
  const whole = spreadFrom(rule, resources);
  // What only a profile or `--default-resources` says may not fit what the rule says: it is a hint.
  const spread = contradictionIn(whole) === undefined ? whole : spreadFrom(rule, statedOf(resources));
  const contradiction = contradictionIn(spread);
  if (contradiction !== undefined) {
    throw new KonvergeError('resource-invalid', `rule ${rule}: ${contradiction}`, {
      hint: 'Set tasks to a multiple of nodes, or tasks_per_node and nodes alone.',
    });
  }
  return { command, ...spread };
}

type Spread = Omit<MpiRequest, 'command'>;

/** Throws `resource-invalid`. */
function spreadFrom(rule: string, resources: Resources): Spread {
  const tasksPerNode = positive(rule, resources, 'tasks_per_node');
  const statedNodes = positive(rule, resources, 'nodes') ?? positive(rule, resources, 'kueue_nodes');
  const tasks =
    positive(rule, resources, 'tasks') ??
    positive(rule, resources, 'kueue_tasks') ??
    (tasksPerNode ?? 1) * (statedNodes ?? 1);
  const nodes = statedNodes ?? (tasksPerNode ? Math.ceil(tasks / tasksPerNode) : 1);
  return { tasks, ...(tasksPerNode !== undefined && { tasksPerNode }), nodes };
}

/** Refused for all engines and kinds, so that what runs on one runs on the others. On one node there may be fewer than it could take. */
function contradictionIn({ tasks, tasksPerNode, nodes }: Spread): string | undefined {
  if (nodes === 1 ? tasks > (tasksPerNode ?? tasks) : tasks !== (tasksPerNode ?? tasks / nodes) * nodes) {
    return `tasks=${tasks} is not tasks_per_node=${tasksPerNode} on each of nodes=${nodes}`;
  }
  return tasks % nodes === 0 ? undefined : `tasks=${tasks} cannot be spread evenly over nodes=${nodes}`;
}

function statedOf(resources: Resources): Resources {
  return Object.fromEntries(Object.entries(resources).filter(([, { stated }]) => stated));
}

function wholeNumber(rule: string, resources: Resources, name: string): number | undefined {
  const entry = resources[name];
  if (entry === undefined) return undefined;
  const number = typeof entry.value === 'boolean' ? Number.NaN : toNumber(entry.value);
  if (!Number.isInteger(number)) throw notA(rule, name, entry.value, 'a whole number');
  return number;
}

function positive(rule: string, resources: Resources, name: string): number | undefined {
  const number = wholeNumber(rule, resources, name);
  if (number !== undefined && number < 1) throw notA(rule, name, number, '1 or more');
  return number;
}

/** As `Number`, which takes an empty string for 0. */
function toNumber(value: string | number): number {
  return typeof value === 'string' && value.trim() === '' ? Number.NaN : Number(value);
}

function notA(rule: string, name: string, value: unknown, what: string): KonvergeError {
  return new KonvergeError(
    'resource-invalid',
    `rule ${rule}, resource ${name}: ${JSON.stringify(value)} is not ${what}`,
  );
}

function customFrom(resources: Resources): Record<string, number> {
  const custom: Record<string, number> = {};
  for (const [name, { value }] of Object.entries(resources)) {
    if (typeof value === 'number' && value > 0 && !known.has(name)) custom[name] = value;
  }
  return custom;
}
