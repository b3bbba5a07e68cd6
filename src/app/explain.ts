import type { Execution, StepRecord } from '../domain/step.ts';
import type { CoreContext } from './context.ts';

/** Everything that was decided about a step, with reasons: what `konverge explain` shows. */
export interface Explanation {
  readonly step: string;
  readonly label: string;
  readonly state: string;
  readonly engine: string;
  readonly kind: string;
  readonly kindReason: string;
  readonly queue: string;
  /** How it runs: its own command, or the workflow tool's job command with the reasons for that. */
  readonly mode: Execution['mode'];
  readonly fallbackReasons: readonly string[];
  /** Whether its outputs become visible together; a step that does its own input and output commits file by file. */
  readonly outputs: 'in place' | 'all or none' | 'not atomic';
  /** Why it waits, in one sentence with its position; null if it does not. */
  readonly waits: string | null;
  /** What the engine makes of it: a process plan, or a manifest. */
  readonly plan: unknown;
}

export function explain(core: CoreContext, record: StepRecord): Explanation {
  const { spec } = record;
  return {
    step: record.id,
    label: spec.label,
    state: record.state,
    engine: record.engine,
    kind: record.kind,
    kindReason: record.kindReason,
    queue: record.queue,
    mode: spec.execution.mode,
    fallbackReasons: spec.execution.mode === 'fallback' ? spec.execution.reasons : [],
    outputs: spec.staging === undefined ? 'in place' : spec.staging.by === 'agent' ? 'all or none' : 'not atomic',
    waits:
      record.state === 'queued' || record.state === 'accepted'
        ? (core.engine.whyQueued(record.id) ?? record.reason)
        : null,
    plan: core.engine.plan({ id: record.id, spec, kind: record.kind, queue: record.queue, sequence: 0 }),
  };
}
