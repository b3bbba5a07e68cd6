import type { SessionId } from '../domain/brand.ts';
import { isWaiting } from '../domain/state.ts';
import type { CoreContext } from './context.ts';
import { cancelUnlaunched } from './submit.ts';

/**
 * What an earlier session queued and never started is dropped, unless it has a place in the engine's line: its front end is
 * gone, and the new one asks for what it wants. What runs, keeps its place, or has succeeded untold, is left to be adopted; a
 * failure is of no use to anybody.
 */
export function clearEarlier(core: CoreContext, current: SessionId): void {
  const { engine, ledger } = core;
  const earlier = [...ledger.all()].filter(({ session }) => session !== current);
  // The engine's word: what it has just started may still be `queued` here.
  const dropped = earlier
    .filter(({ id, state }) => isWaiting(state) && engine.whyQueued(id) !== undefined && !engine.keepsPlace(id))
    .map((record) => cancelUnlaunched(core, record, 'its front end went away before it started'));
  engine.cancel(dropped.map(({ id }) => id));
  const failed = earlier.filter(({ state }) => state === 'failed' || state === 'cancelled');
  ledger.settle([...dropped, ...failed]);
}
