import { expect, test } from 'vitest';
import { isEnd } from '../../src/domain/state.ts';
import { CoreUnderTest, outcomes, queue } from './harness.ts';
import { stepSpec } from './step.ts';

const count = 5000;
const batchSize = 1000;

test(`${count} steps drain, and nothing of them stays in memory`, { timeout: 110_000 }, async () => {
  const under = await CoreUnderTest.open({ queues: [queue('default', 16)] });
  const { record: session } = under.attach();
  const specs = Array.from({ length: count }, (_, n) => stepSpec(under.directory, `s${n}`, ':'));
  for (let start = 0; start < count; start += batchSize) {
    const results = await under.submit(session.id, specs.slice(start, start + batchSize));
    expect(new Set(outcomes(results))).toEqual(new Set(['accepted']));
  }
  const ended = new Map<string, number>();
  let seen = 0;
  for await (const page of under.core.eventsOf(session.id, 0, AbortSignal.timeout(100_000))) {
    for (const { seq, ref, state } of page) {
      expect(seq).toBeGreaterThan(seen);
      seen = seq;
      if (isEnd(state)) ended.set(ref, (ended.get(ref) ?? 0) + 1);
    }
    // As the shim does it: what has been read is told in the next heartbeat.
    under.core.heard(session.id, seen);
    if (ended.size === count) break;
  }
  expect(ended.size).toBe(count);
  expect(new Set(ended.values())).toEqual(new Set([1]));
  expect(under.held).toBe(0);
  expect(under.core.runningCount).toBe(0);
  expect(under.store.untold()).toEqual([]);
  expect(under.store.unfinished()).toEqual([]);
});
