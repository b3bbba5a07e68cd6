import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RequestHash, SessionId, StepId, StepKey } from '../domain/brand.ts';
import { failure } from '../domain/failure.ts';
import type { Observation } from '../domain/observation.ts';
import { isEnd, mayMove } from '../domain/state.ts';
import type { StepRecord } from '../domain/step.ts';
import { eventOf } from './event-of.ts';
import { recordAfter } from './observe.ts';

const step = 'step-1' as StepId;

const accepted: StepRecord = {
  id: step,
  key: 'key' as StepKey,
  requestHash: 'hash' as RequestHash,
  generation: 1,
  session: 's-1' as SessionId,
  spec: {
    ref: '1.1',
    rule: 'map',
    label: 'map n=1',
    attempt: 1,
    priority: 0,
    inputs: [],
    outputs: ['out'],
    logs: [],
    resources: { cpuMillis: 1000, custom: {} },
    execution: { mode: 'direct', shell: '/bin/sh', commands: ['true'] },
    cwd: '/work',
    env: {},
    services: [],
    benchmark: false,
  },
  engine: 'local',
  queue: 'default',
  kind: 'job',
  kindReason: 'a plain step',
  state: 'accepted',
  reason: '',
  restarts: 0,
  usage: [],
  acceptedAtMs: 1,
  told: false,
};

const reason = fc.constantFrom('', 'waits for 1 cpu', 'waits for 2 cpu');
const atMs = fc.integer({ min: 2, max: 1000 });
const usage = fc.constantFrom([], [{ wallMs: 5 }]);
const observation: fc.Arbitrary<Observation> = fc.oneof(
  fc.record({ step: fc.constant(step), state: fc.constantFrom('queued' as const), reason, atMs }),
  fc.record({
    step: fc.constant(step),
    state: fc.constantFrom('admitted' as const, 'starting' as const),
    reason,
    atMs,
  }),
  fc.record({ step: fc.constant(step), state: fc.constant('running' as const), reason, atMs }),
  // Rarer than the others, so that sequences are long before their end.
  fc.record({ step: fc.constant(step), state: fc.constant('succeeded' as const), usage, atMs }),
  fc.record({
    step: fc.constant(step),
    state: fc.constantFrom('failed' as const, 'cancelled' as const),
    failure: fc.constant(failure('user', 'exit code 1', { exitCode: 1 })),
    usage,
    atMs,
  }),
);
const observations = fc.array(observation, { maxLength: 40 });

/** Every record that came of it, the first one included. */
function fold(seen: readonly Observation[]): StepRecord[] {
  const records = [accepted];
  let record = accepted;
  for (const one of seen) {
    const after = recordAfter(record, one);
    if (after) records.push((record = after));
  }
  return records;
}

describe('a record after observations, in whatever order they come', () => {
  it('moves only as the state machine allows, and never after its end', () => {
    fc.assert(
      fc.property(observations, (seen) => {
        const records = fold(seen);
        for (const [index, after] of records.slice(1).entries()) {
          const before = records[index] as StepRecord;
          expect(isEnd(before.state)).toBe(false);
          expect(after.state === before.state || mayMove(before.state, after.state)).toBe(true);
          // Nothing is said twice: each change is an event.
          expect([after.state, after.reason]).not.toEqual([before.state, before.reason]);
        }
      }),
    );
  });

  it('does not count evictions: only what we started anew is bounded', () => {
    fc.assert(
      fc.property(observations, (seen) => {
        for (const { restarts } of fold(seen)) expect(restarts).toBe(0);
      }),
    );
  });

  it('has a start only while and after it runs, and an end only when it has ended', () => {
    fc.assert(
      fc.property(observations, (seen) => {
        for (const record of fold(seen)) {
          expect(record.endedAtMs !== undefined).toBe(isEnd(record.state));
          expect(record.failure !== undefined).toBe(record.state === 'failed' || record.state === 'cancelled');
          if (record.state === 'running') expect(record.startedAtMs).toBeDefined();
          if (['accepted', 'queued', 'admitted', 'starting'].includes(record.state))
            expect(record.startedAtMs).toBeUndefined();
        }
      }),
    );
  });

  it('stays the same when everything is said twice at once, and keeps what is not the state’s', () => {
    fc.assert(
      fc.property(observations, (seen) => {
        const once = fold(seen);
        expect(fold(seen.flatMap((one) => [one, one]))).toEqual(once);
        for (const { id, key, session, spec, acceptedAtMs, told } of once) {
          expect({ id, key, session, spec, acceptedAtMs, told }).toEqual({
            id: accepted.id,
            key: accepted.key,
            session: accepted.session,
            spec: accepted.spec,
            acceptedAtMs: accepted.acceptedAtMs,
            told: false,
          });
        }
      }),
    );
  });

  it('becomes an event that says where it stands', () => {
    fc.assert(
      fc.property(observations, (seen) => {
        const record = fold(seen).at(-1) as StepRecord;
        const event = eventOf(record, 7);
        expect(event).toMatchObject({ step, ref: '1.1', state: record.state, reason: record.reason, atMs: 7 });
        expect('usage' in event).toBe(isEnd(record.state));
        expect(event.failure).toEqual(record.failure);
      }),
    );
  });
});
