import type { StepId } from '../domain/brand.ts';
import type { KonvergeError } from '../domain/error.ts';
import type { WorkloadKind } from '../domain/kind.ts';
import type { ServedKinds } from '../domain/kind-selection.ts';
import type { Observation } from '../domain/observation.ts';
import type { NodeSpread, Queue } from '../domain/queue.ts';
import type { StepSpec } from '../domain/step.ts';
import type { Clock } from './clock.ts';
import type { Logger } from './logger.ts';
import type { Staging } from './staging.ts';

/**
 * Where workloads run. One adapter per folder of src/engines; every adapter passes test/conformance.
 *
 * Not in this contract: storage of steps (the run store has it), retries of the workflow tool (it asks again), and
 * anything of Kubernetes.
 */
export interface Engine {
  readonly name: string;
  /** Where its queues are, if its engine has such places: a namespace. Known once `recover` has resolved. */
  readonly namespace?: string | undefined;
  readonly capabilities: EngineCapabilities;

  /** The queues and their quotas as they stand. */
  queues(): readonly Queue[];

  /**
   * Whether a step could ever run here: queue known, stated request within a quota, container runtime there.
   * Answers with the refusal instead of throwing it; touches nothing.
   */
  check(order: WorkOrder): KonvergeError | undefined;

  /** Why no step can work in place in this directory of the front end, as `storage-needed`; undefined if steps see it. */
  checkDirectory(directory: string): KonvergeError | undefined;

  /**
   * Takes steps into their queues, in order, and returns at once; what becomes of them is told to `host.observe`.
   * Taking a step twice is the same as taking it once. An order that cannot be started is observed as failed.
   */
  launch(orders: readonly WorkOrder[]): void;

  /**
   * After a restart of the core: the steps that the store believes to be in flight. What still runs is followed, what has
   * ended meanwhile is observed so, what never started is queued again, and what is gone without a trace is observed as
   * failed with class `lost`.
   */
  recover(orders: readonly WorkOrder[]): Promise<void>;

  /** Ends a step and everything that it started; the end is observed as `cancelled`. Unknown and ended ids are ignored. */
  cancel(steps: readonly StepId[]): void;

  /** While held, nothing new is started; what runs goes on. The core holds its engine while no session is attached. */
  hold(held: boolean): void;

  /** The bytes of a step's log so far; with `follow`, on until the step has ended. Unknown steps give an empty stream. */
  logs(step: StepId, options: LogOptions): AsyncIterable<Uint8Array>;

  /** Where logs and the like of a step can be found by a person, for messages. */
  logPaths(step: StepId): { readonly stdout: string; readonly stderr: string } | undefined;

  /** What would be created for this order, for `explain`: a process plan here, a manifest there. Pure. */
  plan(order: WorkOrder): unknown;

  /** Why a queued step waits now, as one sentence; undefined if it does not wait. */
  whyQueued(step: StepId): string | undefined;

  /** The same with its position, for a person who asks: it may have to be fetched. Never rejects. */
  whyQueuedNow(step: StepId): Promise<string | undefined>;

  /**
   * Whether a step that waits has a place in a line that is not this process's own, and would lose it if it were cancelled
   * and asked for again: then it is kept for the next front end, as one that runs is.
   */
  keepsPlace(step: StepId): boolean;

  /**
   * Gives a step that waits another priority class; whatever it waits behind is sorted anew. Absent: the engine has no such
   * classes. Throws `step-not-waiting`, `config-invalid` for a class that does not exist, and what hinders the change.
   */
  changePriority?(step: StepId, priorityClass: string, signal?: AbortSignal): Promise<void>;

  /** Stops following. Steps that run go on; a later process recovers them. */
  close(): Promise<void>;
}

/** A step on its way to an engine. */
export interface WorkOrder {
  readonly id: StepId;
  readonly spec: StepSpec;
  readonly kind: WorkloadKind;
  readonly queue: string;
  /** Grows with each order; the engine's tie-break for fairness. */
  readonly sequence: number;
}

export interface EngineCapabilities {
  readonly kinds: ServedKinds;
  /** Whether a step's own image can be used, and how, or why not. */
  readonly containers:
    | { readonly served: true; readonly runtime: string }
    | { readonly served: false; readonly reason: string };
  readonly gpu: boolean;
  /** Whether each node of an MPI step has resources of its own. */
  readonly nodes: NodeSpread;
  /** How a step's memory limit is kept: by the kernel, by a watcher that may be late, or not at all. */
  readonly memoryLimit: 'kernel' | 'watched' | 'none';
  /** How left-over processes are found. */
  readonly processTracking: 'kernel' | 'scan' | 'none';
  readonly queueHints: QueueHints;
  /** Whether a step that was running survives the death of the core. */
  readonly survivesCore: boolean;
}

/** What a person can do about a queue, in the words of the engine. */
export interface QueueHints {
  /** There is no such queue. */
  readonly unknown: string;
  /** No queue can ever hold the step. */
  readonly tooSmall: string;
}

/** What an engine may ask of the core. */
export interface EngineHost {
  /** Level-triggered; the receiver drops what the state machine does not allow. */
  observe(observations: readonly Observation[]): void;
  /** The environment of the calling front end, for a step that is about to start; never stored (design.md 12.7). */
  environmentOf(step: StepId): Readonly<Record<string, string>>;
  /** Of these, what is the workflow tool's own: declared variables, which may hold credentials. Empty for direct steps. */
  ownVariablesOf(step: StepId): Readonly<Record<string, string>>;
  /** Moves the files of steps that share no file system with the front end. */
  readonly staging: Staging;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface LogOptions {
  readonly stream: 'stdout' | 'stderr';
  readonly follow: boolean;
  /** Start at this byte. */
  readonly offset?: number;
  readonly signal?: AbortSignal;
}
