import { mkdirSync } from 'node:fs';
import type { StepId } from '../../domain/brand.ts';
import type { KonvergeError } from '../../domain/error.ts';
import type { Queue } from '../../domain/queue.ts';
import type { Engine, EngineCapabilities, EngineHost, LogOptions, WorkOrder } from '../../ports/engine.ts';
import { localCapabilities } from './capabilities.ts';
import type { LocalConfig } from './config.ts';
import { readLog } from './log-stream.ts';
import { type Machine, readMachine } from './machine.ts';
import { openContext } from './open-context.ts';
import { describePlan } from './process-plan.ts';
import { clearNeverBegun, endStrays, traceOf } from './recovery.ts';
import { refusalOf } from './refusal.ts';
import type { RunContext } from './run-context.ts';
import { Scheduler } from './scheduler.ts';
import type { StepGroups } from './step-cgroups.ts';
import { stepDirectory, stepsRoot } from './step-directory.ts';

export interface LocalEngineOptions {
  readonly config: LocalConfig;
  /** Where steps keep their files: `<stateDir>/steps/<id>/`. Absolute; one engine at a time. */
  readonly stateDir: string;
  /** The run's working directory, which containers see too. Absolute. */
  readonly workdir?: string;
  /** Read anew if absent. */
  readonly machine?: Machine;
}

/**
 * Runs steps as processes of this machine. Read on in: scheduler.ts (from the queue to the end), admission.ts (who may
 * start), step-run.ts (the way of one step), step-wrapper.ts and wrapper.ts (what runs it), recovery.ts (its adoption by a
 * later core).
 */
export class LocalEngine implements Engine {
  readonly name = 'local';
  private readonly context: RunContext;
  private readonly scheduler: Scheduler;

  constructor({ config, stateDir, workdir, machine = readMachine() }: LocalEngineOptions, host: EngineHost) {
    mkdirSync(stepsRoot(stateDir), { recursive: true });
    this.context = openContext({ config, machine, stateDir, ...(workdir === undefined ? {} : { workdir }) }, host);
    this.scheduler = new Scheduler(this.context, (order) => void this.takeUp(order, new Map()));
  }

  get capabilities(): EngineCapabilities {
    return localCapabilities(this.context);
  }

  queues(): readonly Queue[] {
    return this.context.config.queues;
  }

  check(order: WorkOrder): KonvergeError | undefined {
    return refusalOf(order, this.context.config, this.context.containers);
  }

  launch(orders: readonly WorkOrder[]): void {
    for (const order of orders) if (!this.scheduler.knows(order.id)) this.scheduler.enqueue(order);
  }

  async recover(orders: readonly WorkOrder[]): Promise<void> {
    const populated = this.context.cgroups.sweep();
    const unknown = orders.filter(({ id }) => !this.scheduler.knows(id));
    for (const order of unknown) this.scheduler.note(order);
    await Promise.all([
      ...unknown.map((order) => this.takeUp(order, populated)),
      endStrays(new Set(this.scheduler.ids()), populated, this.context),
    ]);
  }

  cancel(steps: readonly StepId[]): void {
    for (const id of steps) this.scheduler.cancel(id);
  }

  hold(held: boolean): void {
    this.scheduler.hold(held);
  }

  logs(step: StepId, options: LogOptions): AsyncIterable<Uint8Array> {
    const path = stepDirectory(this.context.stateDir, step)[options.stream];
    return readLog(path, options, () => this.scheduler.nextChange(step));
  }

  logPaths(step: StepId): { readonly stdout: string; readonly stderr: string } {
    const { stdout, stderr } = stepDirectory(this.context.stateDir, step);
    return { stdout, stderr };
  }

  plan(order: WorkOrder): unknown {
    return describePlan(this.scheduler.planOf(order));
  }

  whyQueued(step: StepId): string | undefined {
    return this.scheduler.why(step);
  }

  whyQueuedNow(step: StepId): Promise<string | undefined> {
    return Promise.resolve(this.whyQueued(step));
  }

  checkDirectory(): undefined {
    return undefined;
  }

  /** Its line ends with it, and a step costs nothing to queue again. */
  keepsPlace(): boolean {
    return false;
  }

  close(): Promise<void> {
    this.scheduler.close();
    this.context.memoryWatch.close();
    this.context.spawner.close();
    return Promise.resolve();
  }

  /** A step that a former core may have started: adopts it, or queues it again. */
  private async takeUp(order: WorkOrder, populated: ReadonlyMap<StepId, StepGroups>): Promise<void> {
    const directory = stepDirectory(this.context.stateDir, order.id);
    const trace = await traceOf(directory);
    if (trace.kind === 'begun') return this.scheduler.adopt(order, trace.status);
    await clearNeverBegun(order.id, directory, populated, this.context);
    this.scheduler.enqueue(order);
  }
}
