import { KonvergeError } from '../domain/error.ts';
import type { Staging } from './staging.ts';

/** For a core whose steps all work in place, and for tests of other things: it moves nothing and says so. */
export const noStaging: Staging = {
  configured: false,
  configure: () => undefined,
  forElsewhere: refuse,
  prepareElsewhere: refuse,
  stage: refuse,
  collect: refuse,
  commit: refuse,
  release: refuse,
  discard: refuse,
  verify: refuse,
  collectGarbage: refuse,
  bring: refuse,
  forget: () => Promise.resolve(),
  close: () => Promise.resolve(),
};

function refuse(): Promise<never> {
  return Promise.reject(new KonvergeError('storage-unconfigured', 'nothing moves files here'));
}
