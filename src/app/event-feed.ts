import type { SessionId } from '../domain/brand.ts';
import type { StepEvent } from '../domain/event.ts';
import type { RunStore } from '../ports/run-store.ts';

/** Events read from the store at once; a slow reader falls behind in the file, never in memory. */
const pageSize = 1000;

/**
 * The event log as an endless stream that can be resumed after any sequence number.
 *
 * Level-triggered: a reader is only woken by new events and reads them from the store itself, so that a reader which is
 * slow, or comes back after a broken connection, needs no buffer of ours.
 */
export class EventFeed {
  readonly #store: RunStore;
  #wake: PromiseWithResolvers<void> = Promise.withResolvers();
  #closed = false;

  constructor(store: RunStore) {
    this.#store = store;
  }

  /** Called after events were written, or a session has ended. */
  notify(): void {
    const woken = this.#wake;
    this.#wake = Promise.withResolvers();
    woken.resolve();
  }

  /** Ends every stream, once it has given what there is. */
  close(): void {
    this.#closed = true;
    this.notify();
  }

  /** Pages of events, until `signal` fires, or until nothing is left to give and `isOver` or the feed is closed. */
  async *read(
    afterSeq: number,
    options: { readonly session?: SessionId; readonly signal?: AbortSignal; readonly isOver?: () => boolean } = {},
  ): AsyncGenerator<readonly StepEvent[]> {
    // Wakes all: a promise of the signal's own in a race would gather a reaction with every round.
    const wakeAll = (): void => this.notify();
    options.signal?.addEventListener('abort', wakeAll);
    try {
      let seen = afterSeq;
      while (!options.signal?.aborted) {
        // Taken before the read, so that an event written in between is not slept through.
        const wake = this.#wake.promise;
        const page = this.#store.events(seen, {
          ...(options.session && { session: options.session }),
          limit: pageSize,
        });
        const last = page.at(-1);
        if (last) {
          seen = last.seq;
          yield page;
        } else if (this.#closed || options.isOver?.()) {
          return;
        } else {
          await wake;
        }
      }
    } finally {
      options.signal?.removeEventListener('abort', wakeAll);
    }
  }
}
