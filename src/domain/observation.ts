import type { StepId } from './brand.ts';
import type { Failure } from './failure.ts';
import type { Usage } from './step.ts';

/**
 * What an engine says of a step. Level-triggered: it may be said twice, late, or with states left out, and the receiver
 * takes it or leaves it by the state machine (state.ts).
 */
export type Observation =
  | { readonly step: StepId; readonly state: 'queued'; readonly reason: string; readonly atMs: number }
  | { readonly step: StepId; readonly state: 'admitted' | 'starting'; readonly reason: string; readonly atMs: number }
  | { readonly step: StepId; readonly state: 'running'; readonly reason: string; readonly atMs: number }
  | { readonly step: StepId; readonly state: 'succeeded'; readonly usage: readonly Usage[]; readonly atMs: number }
  | {
      readonly step: StepId;
      readonly state: 'failed' | 'cancelled';
      readonly failure: Failure;
      readonly usage: readonly Usage[];
      readonly atMs: number;
    };
