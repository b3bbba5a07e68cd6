import type { StepId } from './brand.ts';
import type { Failure } from './failure.ts';
import type { ManifestRef } from './manifest.ts';
import type { Usage } from './step.ts';

/**
 * What an engine says of a step. Level-triggered: it may be said twice, late, or with states left out, and the receiver
 * takes it or leaves it by the state machine (state.ts).
 */
export type Observation =
  | { readonly step: StepId; readonly state: 'queued'; readonly reason: string; readonly atMs: number }
  | { readonly step: StepId; readonly state: 'admitted' | 'starting'; readonly reason: string; readonly atMs: number }
  | { readonly step: StepId; readonly state: 'running'; readonly reason: string; readonly atMs: number }
  /** The command succeeded, and its outputs are being uploaded. */
  | { readonly step: StepId; readonly state: 'committing'; readonly reason: string; readonly atMs: number }
  /**
   * All of it is uploaded; the engine is done with the step, and the core has to commit what the manifest lists. Without one
   * the step did its own output, which the core has to see in storage.
   */
  | {
      readonly step: StepId;
      readonly state: 'uploaded';
      readonly manifest?: ManifestRef;
      readonly usage: readonly Usage[];
      readonly atMs: number;
    }
  | { readonly step: StepId; readonly state: 'succeeded'; readonly usage: readonly Usage[]; readonly atMs: number }
  | {
      readonly step: StepId;
      readonly state: 'failed' | 'cancelled';
      readonly failure: Failure;
      readonly usage: readonly Usage[];
      readonly atMs: number;
    };
