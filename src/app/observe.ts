import type { Observation } from '../domain/observation.ts';
import { isEnd, isRestart, mayMove } from '../domain/state.ts';
import type { StepRecord } from '../domain/step.ts';

/**
 * A record after an observation, or undefined if the observation says nothing new. Pure: this is the state machine at
 * work. Observations come twice, late and out of order; those that would lead backwards are dropped here.
 */
export function recordAfter(record: StepRecord, observation: Observation): StepRecord | undefined {
  const { atMs } = observation;
  // `uploaded` is the second half of `committing`: level-triggered, it may be the first that is heard of it.
  if (observation.state === 'uploaded') {
    if (record.state !== 'committing' && !mayMove(record.state, 'committing')) return undefined;
    const { manifest, usage } = observation;
    return { ...record, state: 'committing', reason: 'its outputs are uploaded', ...(manifest && { manifest }), usage };
  }
  const { state } = observation;
  const reason = 'reason' in observation ? observation.reason : '';
  if (state === record.state) {
    return !isEnd(state) && reason !== record.reason ? { ...record, reason } : undefined;
  }
  if (!mayMove(record.state, state)) return undefined;
  switch (observation.state) {
    case 'queued': {
      if (!isRestart(record.state, 'queued')) return { ...record, state: 'queued', reason };
      const { startedAtMs: _gone, ...rest } = record;
      return { ...rest, state: 'queued', reason };
    }
    case 'admitted':
    case 'starting':
      return { ...record, state: observation.state, reason };
    case 'running':
      return { ...record, state: 'running', reason, startedAtMs: record.startedAtMs ?? atMs };
    case 'committing':
      return { ...record, state: 'committing', reason };
    case 'succeeded':
      return { ...record, state: 'succeeded', reason: '', usage: observation.usage, endedAtMs: atMs };
    case 'failed':
    case 'cancelled':
      return {
        ...record,
        state: observation.state,
        reason: observation.failure.message,
        failure: observation.failure,
        usage: observation.usage,
        endedAtMs: atMs,
      };
  }
}
