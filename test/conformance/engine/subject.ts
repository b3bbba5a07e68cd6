import type { StepId } from '../../../src/domain/brand.ts';
import type { StepSpec } from '../../../src/domain/step.ts';
import type { QueueSettings } from '../../../src/engines/local/config.ts';
import type { Engine, EngineHost } from '../../../src/ports/engine.ts';
import type { Lack } from '../../test-unless.ts';
import type { StagingRig } from './staging-rig.ts';

/** What a case needs of an engine, where not every engine has it. */
export type Need =
  | 'memory-limit'
  | 'environment-wipe'
  | 'environment-of-caller'
  | 'shell-by-path'
  | 'unique-set-size'
  | 'counts-anything'
  | 'order-within-a-second'
  | 'every-byte-of-the-live-log'
  | 'gpu-devices'
  | 'staging-by-core'
  | 'image'
  | 'podman'
  | 'mpirun'
  | 'services-as-processes';

/** Where a case runs: its steps see the directory under the same path, and the engine keeps its state below it. */
export interface Place {
  /** Absolute. */
  readonly directory: string;
  readonly queues: readonly QueueSettings[];
}

/** One engine, in one way of running it, that the conformance suite is run over. */
export interface Subject {
  readonly name: string;
  /** What it cannot do, with the reason. A case that needs it is reported as skipped with that reason, never dropped. */
  readonly unsupported: Partial<Readonly<Record<Need, string>>>;
  /** What it could do, if this machine had what it takes. */
  lack(need: Need): Lack;
  /** Whether its cases wait most of the time, so that those of a file may run at once. */
  readonly concurrent: boolean;
  /** A runtime that is over soon, but not before a step has begun. */
  readonly shortRuntimeMs: number;
  /** How many steps are many here. */
  readonly manySteps: number;
  /** An image that is not the one that steps have by default, and a file that only it has. */
  readonly image: { readonly name: string; readonly mark: string };
  /** Makes the queues. Answers with what removes them. */
  prepare(place: Place): Promise<() => Promise<void>>;
  open(place: Place, host: EngineHost): Engine;
  /** What lets a step overtake those that have none. */
  urgent(place: Place): Partial<StepSpec>;
  /** Ends what runs a step behind the engine's back, so that nobody knows how the step ended. */
  destroy(place: Place, step: StepId): Promise<void>;
  /** `onFinished`: called when the case is over. */
  stagingRig(place: Place, onFinished: OnFinished): Promise<StagingRig>;
}

export type OnFinished = (clean: () => Promise<void> | void) => void;

/** A subject as one case has it. Cases may run at once, so each says by itself what is to be done when it is over. */
export interface CaseSubject extends Subject {
  readonly onFinished: OnFinished;
}
