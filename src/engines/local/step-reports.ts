import type { StepId } from '../../domain/brand.ts';
import type { Failure } from '../../domain/failure.ts';
import type { ManifestRef } from '../../domain/manifest.ts';
import type { Observation } from '../../domain/observation.ts';
import type { Usage } from '../../domain/step.ts';
import type { Clock } from '../../ports/clock.ts';

/** What a step tells the engine. */
export interface StepRunEvents {
  observe(observation: Observation): void;
  /** Said once, when no process of the step is left and, where they are staged, its outputs are uploaded. */
  ended(end: Observation): void;
}

/** What happens to one step, as observations of it at this moment. */
export class StepReports {
  private readonly step: StepId;
  private readonly clock: Clock;
  private readonly events: StepRunEvents;

  constructor(step: StepId, clock: Clock, events: StepRunEvents) {
    this.step = step;
    this.clock = clock;
    this.events = events;
  }

  goesOn(state: 'starting' | 'running' | 'committing', reason: string): void {
    this.events.observe({ ...this.now(), state, reason });
  }

  uploaded(manifest: ManifestRef, usage: readonly Usage[]): void {
    this.events.ended({ ...this.now(), state: 'uploaded', manifest, usage });
  }

  ended(usage: readonly Usage[], failed: Failure | undefined): void {
    const base = { ...this.now(), usage };
    if (failed === undefined) this.events.ended({ ...base, state: 'succeeded' });
    else this.events.ended({ ...base, state: failed.class === 'cancelled' ? 'cancelled' : 'failed', failure: failed });
  }

  private now(): { readonly step: StepId; readonly atMs: number } {
    return { step: this.step, atMs: this.clock.nowMs() };
  }
}
