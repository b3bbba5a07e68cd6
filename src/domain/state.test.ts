import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { endStates, isEnd, isRestart, mayMove, type StepState, stepStates } from './state.ts';

const anyState = fc.constantFrom(...stepStates);

describe('the state machine', () => {
  it('never leaves an end', () => {
    fc.assert(fc.property(fc.constantFrom(...endStates), anyState, (from, to) => !mayMove(from, to)));
  });

  it('always ends: no walk without evictions is longer than there are states', () => {
    fc.assert(
      fc.property(fc.array(anyState, { maxLength: 60 }), (wishes) => {
        let state: StepState = 'accepted';
        let moves = 0;
        for (const wish of wishes) {
          if (!mayMove(state, wish) || isRestart(state, wish)) continue;
          state = wish;
          moves += 1;
        }
        expect(moves).toBeLessThan(stepStates.length);
      }),
    );
  });

  it('goes back only to the queue, and only before the command has succeeded', () => {
    const back = stepStates.flatMap((from) =>
      stepStates.filter((to) => isRestart(from, to)).map((to) => `${from}>${to}`),
    );
    expect(back).toEqual(['admitted>queued', 'starting>queued', 'running>queued']);
  });

  it('can be cancelled from everything that is not an end', () => {
    for (const state of stepStates) expect(mayMove(state, 'cancelled')).toBe(!isEnd(state));
  });

  it('does not move to where it is', () => {
    for (const state of stepStates) expect(mayMove(state, state)).toBe(false);
  });
});
