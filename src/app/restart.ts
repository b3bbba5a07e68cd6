import { stepIdOf } from '../domain/identity.ts';
import type { StepRecord } from '../domain/step.ts';
import type { CoreContext } from './context.ts';
import { eventOf } from './event-of.ts';

/** How often a step is run again for reasons that are not its own, before it counts as failed. */
export const maxRestarts = 3;

/**
 * The same step anew, after what it ran in or what it left is gone. Each restart of ours is a generation of its own
 * (design.md 12.1), so that nothing of the former one can be taken for it: the old record ends without a word to the front
 * end, and the new one takes over its reference. Undefined if it has been restarted often enough.
 */
export function restartOf(core: CoreContext, record: StepRecord, why: string): StepRecord | undefined {
  if (record.restarts >= maxRestarts) return undefined;
  const generation = (core.store.newestOfKey(record.key)?.generation ?? record.generation) + 1;
  const atMs = core.clock.nowMs();
  const { manifest: _gone, startedAtMs: _started, failure: _none, ...rest } = record;
  const again: StepRecord = {
    ...rest,
    id: stepIdOf(record.key, record.spec.attempt, generation),
    generation,
    state: 'accepted',
    reason: `runs again: ${why}`,
    restarts: record.restarts + 1,
    usage: [],
    acceptedAtMs: atMs,
    told: false,
  };
  core.ledger.settle([{ ...record, state: 'cancelled', reason: why, endedAtMs: atMs }]);
  core.ledger.add([again]);
  core.ledger.change(again, eventOf(again, atMs));
  core.logger.warn({ step: record.id, as: again.id, why }, 'a step runs again');
  return again;
}
