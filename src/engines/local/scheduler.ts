import type { StepId } from '../../domain/brand.ts';
import { type FailureClass, failure } from '../../domain/failure.ts';
import type { Observation } from '../../domain/observation.ts';
import type { WorkOrder } from '../../ports/engine.ts';
import { Admission, sharedQuota } from './admission.ts';
import { startFailure } from './exit-meaning.ts';
import { GpuPool } from './gpu-pool.ts';
import { Outbox } from './outbox.ts';
import { buildProcessPlan, type ProcessPlan } from './process-plan.ts';
import { refusalOf } from './refusal.ts';
import type { RunContext } from './run-context.ts';
import { fixedPorts } from './service-ports.ts';
import type { StatusFile } from './status-file.ts';
import { makeStepDirectory } from './step-directory.ts';
import { StepRun } from './step-run.ts';
import type { Waiting } from './waiting-line.ts';

/** How many steps are started in one go, before ends and requests have their turn. */
const startsPerTurn = 8;

/** A step that the engine has taken and that has not ended. */
interface InFlight {
  readonly order: WorkOrder;
  run?: StepRun;
  /** Called at its start and at its end. */
  readonly onChange: (() => void)[];
}

/**
 * From the queue to the end: takes steps, starts them as admission allows, and tells of them. Each start and each end is
 * followed by a turn, in which all that may start is started, a few at a time.
 */
export class Scheduler {
  private readonly context: RunContext;
  private readonly admission: Admission;
  private readonly gpus: GpuPool;
  private readonly outbox: Outbox;
  /** What to do with a step whose directory is there already. */
  private readonly onTrace: (order: WorkOrder) => void;
  private readonly inFlight = new Map<StepId, InFlight>();
  private readonly ended = new Set<StepId>();
  /** Steps of which it has not been said yet that they wait. */
  private unsaid: StepId[] = [];
  private turn: NodeJS.Immediate | undefined;
  private held = false;
  private closed = false;

  constructor(context: RunContext, onTrace: (order: WorkOrder) => void) {
    const { config, machine, host } = context;
    this.context = context;
    this.onTrace = onTrace;
    this.admission = new Admission(config.queues, machine.quota, config.overtakes);
    this.gpus = new GpuPool(sharedQuota(config.queues, machine.quota).gpu);
    this.outbox = new Outbox(host);
  }

  knows(id: StepId): boolean {
    return this.inFlight.has(id) || this.ended.has(id);
  }

  ids(): Iterable<StepId> {
    return this.inFlight.keys();
  }

  /** Notes a step without queueing it yet: its traces are being looked at. */
  note(order: WorkOrder): void {
    this.inFlight.set(order.id, { order, onChange: [] });
  }

  enqueue(order: WorkOrder): void {
    if (!this.inFlight.has(order.id)) this.note(order);
    const refusal = refusalOf(order, this.context.config, this.context.containers);
    if (refusal) return this.fail(order.id, 'never-admissible', refusal.message);
    this.admission.add(this.waitingOf(order, this.planOf(order)));
    this.unsaid.push(order.id);
    this.scheduleTurn();
  }

  /** Goes on with a step that a former core has started; it has its quota, whether the queue has room or not. */
  adopt(order: WorkOrder, status: StatusFile): void {
    const plan = this.planOf(order);
    this.admission.occupy(this.waitingOf(order, plan));
    const run = this.newRun(order, plan, this.gpus.book(order.id, status.note.gpus));
    if (run === undefined) return;
    run.adopt(status);
    this.changed(order.id);
  }

  cancel(id: StepId): void {
    const entry = this.inFlight.get(id);
    if (entry === undefined) return;
    if (entry.run) return entry.run.end({ kind: 'cancelled' });
    this.admission.remove(id);
    this.fail(id, 'cancelled', 'it was cancelled before it started');
  }

  hold(held: boolean): void {
    this.held = held;
    this.scheduleTurn();
  }

  why(id: StepId): string | undefined {
    const why = this.admission.why(id);
    return why !== undefined && this.held ? `nothing is started while no session is attached; it ${why}` : why;
  }

  /** Resolves when the step starts or ends; undefined if it is not in flight. */
  nextChange(id: StepId): Promise<void> | undefined {
    const entry = this.inFlight.get(id);
    if (entry === undefined || this.closed) return undefined;
    return new Promise((resolve) => entry.onChange.push(resolve));
  }

  planOf(order: WorkOrder): ProcessPlan {
    return buildProcessPlan(order, this.context);
  }

  close(): void {
    this.closed = true;
    clearImmediate(this.turn);
    this.outbox.close();
    for (const { run, onChange } of this.inFlight.values()) {
      run?.detach();
      for (const tell of onChange) tell();
    }
  }

  private waitingOf({ id, sequence, spec }: WorkOrder, { queue, demand, services }: ProcessPlan): Waiting {
    const queuePriority = this.context.config.queues.find(({ name }) => name === queue)?.priority ?? 0;
    return { id, queue, queuePriority, priority: spec.priority, sequence, demand, ports: fixedPorts(services) };
  }

  private scheduleTurn(): void {
    if (this.closed) return;
    this.turn ??= setImmediate(() => {
      this.turn = undefined;
      this.takeTurn();
    });
  }

  private takeTurn(): void {
    for (let started = 0; !this.held; started++) {
      if (started === startsPerTurn) return this.scheduleTurn();
      const next = this.admission.take();
      if (next === undefined) break;
      const entry = this.inFlight.get(next.id);
      if (entry) this.start(entry.order);
      else this.admission.release(next.id);
    }
    this.sayWhoWaits();
  }

  private start(order: WorkOrder): void {
    const plan = this.planOf(order);
    try {
      if (!makeStepDirectory(plan.directory)) {
        // Taken once before, by a core that is no more.
        this.admission.release(order.id);
        return this.onTrace(order);
      }
    } catch (error) {
      const { message } = startFailure(error, 'it could not be started');
      return this.fail(order.id, 'lost', message);
    }
    this.newRun(order, plan, this.gpus.take(order.id, plan.demand.gpu))?.start();
  }

  private newRun(order: WorkOrder, plan: ProcessPlan, gpus: readonly number[]): StepRun | undefined {
    const entry = this.inFlight.get(order.id);
    if (entry === undefined) return undefined;
    entry.run = new StepRun(plan, gpus, this.context, {
      observe: (observation) => {
        this.outbox.add(observation);
        // Its log files are there now.
        if (observation.state === 'running') this.changed(order.id);
      },
      ended: (observation) => this.over(observation),
    });
    return entry.run;
  }

  private fail(step: StepId, cls: FailureClass, message: string): void {
    this.over({
      step,
      state: cls === 'cancelled' ? 'cancelled' : 'failed',
      failure: failure(cls, message),
      usage: [],
      atMs: this.context.host.clock.nowMs(),
    });
  }

  private over(end: Observation): void {
    this.admission.release(end.step);
    this.gpus.release(end.step);
    this.ended.add(end.step);
    this.outbox.add(end);
    this.changed(end.step);
    this.inFlight.delete(end.step);
    this.scheduleTurn();
  }

  private changed(id: StepId): void {
    const entry = this.inFlight.get(id);
    for (const tell of entry?.onChange.splice(0) ?? []) tell();
  }

  /** Once per step; later reasons are had by `why`, since each end changes the position of all that wait. */
  private sayWhoWaits(): void {
    const { unsaid } = this;
    this.unsaid = [];
    const atMs = this.context.host.clock.nowMs();
    for (const step of unsaid) {
      const reason = this.why(step);
      if (reason !== undefined) this.outbox.add({ step, state: 'queued', reason, atMs });
    }
  }
}
