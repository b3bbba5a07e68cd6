import type { NewStepEvent } from '../domain/event.ts';
import { isEnd } from '../domain/state.ts';
import type { StepRecord } from '../domain/step.ts';

/** The event that says where a record stands now. */
export function eventOf(record: StepRecord, atMs: number): NewStepEvent {
  return {
    atMs,
    session: record.session,
    step: record.id,
    ref: record.spec.ref,
    rule: record.spec.rule,
    label: record.spec.label,
    state: record.state,
    reason: record.reason,
    ...(record.failure && { failure: record.failure }),
    ...(isEnd(record.state) && { usage: record.usage }),
  };
}
