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

export async function explain(core: CoreContext, record: StepRecord): Promise<Explanation> {
  const waits =
    record.state === 'queued' || record.state === 'accepted'
      ? ((await core.engine.whyQueuedNow(record.id)) ?? record.reason)
      : null;
  return explanationOf(core, record, waits);
}

/** Of a step that is known, or of one that is only thought of. */
export function explanationOf(
  core: CoreContext,
  step: Pick<StepRecord, 'id' | 'spec' | 'engine' | 'kind' | 'kindReason' | 'queue'> & { readonly state: string },
  waits: string | null,
): Explanation {
  const { id, spec, state, engine, kind, kindReason, queue } = step;
  return {
    step: id,
    label: spec.label,
    state,
    engine,
    kind,
    kindReason,
    queue,
    mode: spec.execution.mode,
    fallbackReasons: spec.execution.mode === 'fallback' ? spec.execution.reasons : [],
    outputs: spec.staging === undefined ? 'in place' : spec.staging.by === 'agent' ? 'all or none' : 'not atomic',
    waits,
    plan: core.engine.plan({ id, spec, kind, queue, sequence: 0 }),
  };
}
