import type { StepId } from '../../domain/brand.ts';
import { buildGroupScript } from '../../domain/group-script.ts';
import { demandOfStep, type Queue, type Quota } from '../../domain/queue.ts';
import type { ServiceSpec } from '../../domain/service.ts';
import type { Execution } from '../../domain/step.ts';
import type { WorkOrder } from '../../ports/engine.ts';
import type { StagingJob } from '../../ports/staging.ts';
import { placeCommands, type ScriptFile } from './command-script.ts';
import type { LocalConfig } from './config.ts';
import { coreMarker, stepMarker } from './marker-sweep.ts';
import { mpiEnvironment } from './mpi-environment.ts';
import { type StepDirectory, stepDirectory } from './step-directory.ts';

/** What is done for a step on this machine, as plain data: the counterpart of a manifest. */
export interface ProcessPlan {
  readonly step: StepId;
  readonly queue: string;
  readonly demand: Quota;
  readonly directory: StepDirectory;
  /** Where the commands run: the caller's directory, or one of the step's own if its files are staged. */
  readonly cwd: string;
  readonly shell: string;
  readonly commands: readonly string[];
  /** Commands too long for an argument list, to be written into `directory`. */
  readonly scripts: readonly ScriptFile[];
  /** Added to the environment of the caller. Ports of services and gpus are known only at the start. */
  readonly env: Readonly<Record<string, string>>;
  readonly services: readonly ServiceSpec[];
  readonly limits: { readonly runtimeMs?: number; readonly memoryBytes?: number };
  /** The step's own image, where containers are on. */
  readonly image?: string;
  readonly benchmark: boolean;
  /** What the agent moves before and after the commands. */
  readonly staging?: StagingJob;
}

/** What a plan depends on besides the order. */
export interface PlanContext {
  readonly config: LocalConfig;
  readonly stateDir: string;
  readonly coreMark: string;
  readonly cores: number;
  readonly uid: number;
}

/** Pure. A queue that is not known is planned with nothing to give: `check` refuses it. */
export function buildProcessPlan(order: WorkOrder, context: PlanContext): ProcessPlan {
  const { spec } = order;
  const { config } = context;
  const directory = stepDirectory(context.stateDir, order.id);
  const { shell, commands: wanted } = callOf(spec.execution, Math.max(1, spec.resources.cpuMillis / 1000));
  // In a container each command goes through one more shell: the runtime's own client is what the wrapper runs.
  const placed = placeCommands(shell, wanted, directory.path);
  const { runtimeMs, memoryBytes } = spec.resources;
  const queue = queueOf(order, config);
  return {
    step: order.id,
    queue: queue?.name ?? order.queue,
    demand: demandOfStep(spec, queue?.quota ?? { cpuMillis: 0, memoryBytes: 0, gpu: 0, custom: {} }),
    directory,
    cwd: spec.staging?.by === 'agent' ? directory.work : spec.cwd,
    shell,
    ...placed,
    env: {
      ...mpiEnvironment(spec.resources.mpi, context),
      ...spec.env,
      [coreMarker]: context.coreMark,
      [stepMarker]: order.id,
    },
    services: spec.services,
    limits: {
      ...(runtimeMs?.stated ? { runtimeMs: runtimeMs.value } : {}),
      ...(memoryBytes?.stated ? { memoryBytes: memoryBytes.value } : {}),
    },
    ...(spec.container === undefined ? {} : { image: spec.container }),
    benchmark: spec.benchmark,
    ...(spec.staging?.by === 'agent'
      ? { staging: { step: order.id, plan: spec.staging, workdir: directory.work, notes: directory.path } }
      : {}),
  };
}

function callOf(
  execution: Execution,
  threads: number,
): { readonly shell: string; readonly commands: readonly string[] } {
  switch (execution.mode) {
    case 'direct':
      return execution;
    case 'group':
      return { shell: '/bin/sh', commands: [buildGroupScript(execution.levels, threads)] };
    case 'fallback':
      return { shell: '/bin/sh', commands: [execution.command] };
  }
}

export function queueOf(order: WorkOrder, config: LocalConfig): Queue | undefined {
  const name = order.queue === '' ? config.defaultQueue : order.queue;
  return config.queues.find((queue) => queue.name === name);
}

/** The plan for a person to read: values that look like secrets are left out, and so are the texts of long commands. */
export function describePlan(plan: ProcessPlan): unknown {
  const secret = /secret|token|passw|credential|private|access_key|api_?key/i;
  return {
    ...plan,
    env: Object.fromEntries(
      Object.entries(plan.env).map(([name, value]) => [name, secret.test(name) ? '(not shown)' : value]),
    ),
    scripts: plan.scripts.map(({ name, content }) => ({ name, bytes: Buffer.byteLength(content) })),
  };
}
