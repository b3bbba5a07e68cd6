import type { Clock } from '../ports/clock.ts';
import type { Engine } from '../ports/engine.ts';
import type { Logger } from '../ports/logger.ts';
import type { RunStore } from '../ports/run-store.ts';
import type { Staging } from '../ports/staging.ts';
import type { Ledger } from './ledger.ts';

/** What the use cases work with; core.ts puts it together. */
export interface CoreContext {
  readonly store: RunStore;
  readonly ledger: Ledger;
  readonly engine: Engine;
  readonly staging: Staging;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Grows by one: the order in which steps came. */
  nextSequence(): number;
}
