import { setTimeout as pause } from 'node:timers/promises';
import type { StepId, StepKey } from '../domain/brand.ts';
import type { NewStepEvent } from '../domain/event.ts';
import { isEnd } from '../domain/state.ts';
import type { StepRecord } from '../domain/step.ts';
import type { Logger } from '../ports/logger.ts';
import type { RunStore, StepChange, StoreBatch } from '../ports/run-store.ts';
import type { EventFeed } from './event-feed.ts';

/** How long to wait before a failed write is tried again: a full disk may be given room. */
const retryMs = 1000;

/**
 * The steps that matter now, in memory and in the store alike: those in flight, and those whose end was not yet told.
 *
 * New records are written before anybody hears of them. Changes are collected for one turn of the event loop and written
 * in one transaction, and their events are published after it: what a reader has seen is on disk. If a write fails (a
 * full disk), changes stay pending and are tried again; `trouble` says so meanwhile.
 */
export class Ledger {
  readonly #store: RunStore;
  readonly #feed: EventFeed;
  readonly #logger: Logger;
  readonly #live = new Map<StepId, StepRecord>();
  readonly #newestByKey = new Map<StepKey, StepId>();
  #changed = new Map<StepId, StepChange>();
  #events: NewStepEvent[] = [];
  #flushScheduled = false;
  #retry: NodeJS.Timeout | undefined;
  #trouble: string | undefined;
  #inFlightCount = 0;
  #closed = false;

  constructor(store: RunStore, feed: EventFeed, logger: Logger) {
    this.#store = store;
    this.#feed = feed;
    this.#logger = logger;
    for (const record of [...store.untold(), ...store.unfinished()]) this.#hold(record);
  }

  get(id: StepId): StepRecord | undefined {
    return this.#live.get(id);
  }

  /** The live record of a key: in flight, or ended and untold. */
  liveOfKey(key: StepKey): StepRecord | undefined {
    const id = this.#newestByKey.get(key);
    return id && this.#live.get(id);
  }

  all(): IterableIterator<StepRecord> {
    return this.#live.values();
  }

  inFlight(): StepRecord[] {
    return [...this.#live.values()].filter((record) => !isEnd(record.state));
  }

  /** As `inFlight`, counted on the way: it is asked for with every batch. */
  get inFlightCount(): number {
    return this.#inFlightCount;
  }

  /** What keeps the ledger from writing, for a person; undefined when all is well. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /** Writes new records at once. Throws `store-failed` or `disk-full`; then nothing of them is kept. */
  add(records: readonly StepRecord[]): void {
    if (records.length === 0) return;
    this.flush();
    this.#store.write({ steps: records });
    for (const record of records) this.#hold(record);
  }

  /** Takes a changed record; it and its event are written within this turn of the event loop. */
  change(record: StepRecord, event?: NewStepEvent): void {
    this.#keep(record);
    this.#changed.set(record.id, changeOf(record));
    if (event) this.#events.push(event);
    if (this.#flushScheduled || this.#retry) return;
    this.#flushScheduled = true;
    setImmediate(() => {
      this.#flushScheduled = false;
      if (!this.#closed) this.flushOrRetry();
    });
  }

  /** Ends that nobody will ask for any more: kept as told, without an event. */
  settle(records: Iterable<StepRecord>): void {
    for (const record of records) {
      this.change({ ...record, told: true });
      this.forget([record.id]);
    }
  }

  /** Ends that were told need no place in memory any more. */
  forget(ids: Iterable<StepId>): void {
    for (const id of ids) {
      const record = this.#live.get(id);
      if (!record || !isEnd(record.state)) continue;
      this.#live.delete(id);
      // Told in the store already; a change that waits to be written must not take it back.
      const pending = this.#changed.get(id);
      if (pending) this.#changed.set(id, { ...pending, told: true });
      if (this.#newestByKey.get(record.key) === id) this.#newestByKey.delete(record.key);
    }
  }

  /** Writes what is pending now. Throws what the store throws; then all of it stays pending. */
  flush(): void {
    if (this.#changed.size === 0 && this.#events.length === 0) return;
    const batch: StoreBatch = { changes: [...this.#changed.values()], events: this.#events };
    this.#store.write(batch);
    this.#changed = new Map();
    this.#events = [];
    this.#trouble = undefined;
    this.#feed.notify();
  }

  /** Writes what is pending, now or when there is room again. What is never written, the next core observes anew. */
  flushOrRetry(): void {
    try {
      this.flush();
    } catch (error) {
      this.#trouble = (error as Error).message;
      this.#logger.error(
        { error: this.#trouble, pending: this.#changed.size },
        'the run store cannot be written; trying again',
      );
      if (this.#closed) return;
      this.#retry ??= setTimeout(() => {
        this.#retry = undefined;
        this.flushOrRetry();
      }, retryMs);
    }
  }

  /** Resolves when all that was changed is on disk, however long that takes. Throws when the signal fires. */
  async written(signal: AbortSignal): Promise<void> {
    for (;;) {
      this.flushOrRetry();
      if (this.#changed.size === 0 && this.#events.length === 0) return;
      await pause(retryMs, undefined, { signal });
    }
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.flushOrRetry();
  }

  #keep(record: StepRecord): void {
    const before = this.#live.get(record.id);
    this.#live.set(record.id, record);
    this.#inFlightCount += Number(!isEnd(record.state)) - Number(before !== undefined && !isEnd(before.state));
  }

  #hold(record: StepRecord): void {
    this.#keep(record);
    const newest = this.#newestByKey.get(record.key);
    if (!newest || (this.#live.get(newest)?.generation ?? 0) <= record.generation) {
      this.#newestByKey.set(record.key, record.id);
    }
  }
}

function changeOf(record: StepRecord): StepChange {
  return { ...record, ref: record.spec.ref };
}
