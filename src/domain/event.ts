import type { SessionId, StepId } from './brand.ts';
import type { Failure } from './failure.ts';
import type { StepState } from './state.ts';
import type { Usage } from './step.ts';

/** One line of the event log: a step has come into a state, or its reason to wait has changed. */
export interface StepEvent {
  /** Grows by one or more from event to event of one store; a reader resumes after the last it has seen. */
  readonly seq: number;
  readonly atMs: number;
  readonly session: SessionId;
  readonly step: StepId;
  readonly ref: string;
  readonly rule: string;
  readonly label: string;
  readonly state: StepState;
  readonly reason: string;
  readonly failure?: Failure;
  readonly usage?: readonly Usage[];
}

export type NewStepEvent = Omit<StepEvent, 'seq'>;
