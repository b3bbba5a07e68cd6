import type { SessionId, StepId } from '../domain/brand.ts';
import { KonvergeError } from '../domain/error.ts';
import type { StepEvent } from '../domain/event.ts';
import { isWaiting } from '../domain/state.ts';
import type { StepRecord } from '../domain/step.ts';
import type { Clock } from '../ports/clock.ts';
import type { Engine, EngineHost } from '../ports/engine.ts';
import type { Logger } from '../ports/logger.ts';
import type { RunStore, SessionRecord, StepFilter } from '../ports/run-store.ts';
import type { Staging } from '../ports/staging.ts';
import { changePriority } from './change-priority.ts';
import { clearEarlier } from './clear-earlier.ts';
import { isUploaded } from './committer.ts';
import type { CoreContext } from './context.ts';
import { EventFeed } from './event-feed.ts';
import { type Explanation, explain } from './explain.ts';
import { Ledger } from './ledger.ts';
import { type Preview, preview } from './preview.ts';
import { Progress } from './progress.ts';
import { type OpenSession, type SessionRequest, Sessions } from './sessions.ts';
import { orderOf, outdatedBy, type SubmitItem, type SubmitResult, submit } from './submit.ts';
import { Sweeper } from './sweep.ts';
import { forgetVanished } from './vanished.ts';

export interface CoreParts {
  readonly store: RunStore;
  readonly createEngine: (host: EngineHost) => Engine;
  readonly staging: Staging;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly isAlive: (session: SessionRecord) => boolean;
}

/**
 * The process that owns a run, without its doors: it takes steps from front ends, gives them to the engine, keeps what the
 * engine observes, and tells it to whoever reads the feed.
 */
export class Core {
  readonly feed: EventFeed;
  readonly sessions: Sessions;
  readonly engine: Engine;
  readonly #context: CoreContext;
  readonly #progress: Progress;
  readonly #sweeper: Sweeper;
  readonly #closeListeners: ((session: SessionId) => void)[] = [];
  #sequence = 0;
  /** Grows with each cancellation of all steps, which is also one of those that are about to be taken. */
  #cancellations = 0;

  constructor(parts: CoreParts) {
    const { store, staging, clock, logger } = parts;
    this.feed = new EventFeed(store);
    this.sessions = new Sessions(store, clock, parts.isAlive);
    const ledger = new Ledger(store, this.feed, logger);
    this.engine = parts.createEngine({
      observe: (observations) => this.#progress.observe(observations),
      environmentOf: (id) => this.sessions.environments[this.step(id).spec.execution.mode],
      ownVariablesOf: (id) => this.sessions.ownVariables[this.step(id).spec.execution.mode],
      staging,
      clock,
      logger,
    });
    this.#context = {
      store,
      ledger,
      engine: this.engine,
      staging,
      clock,
      logger,
      nextSequence: () => (this.#sequence += 1),
    };
    this.#sweeper = new Sweeper(this.#context);
    this.#progress = new Progress(this.#context, () => this.sessions.attached?.record.id);
  }

  /** After a start: what the store believes to be in flight is handed to the engine. Nothing new starts before a session. */
  async recover(): Promise<void> {
    this.engine.hold(true);
    // What is uploaded is parked until somebody asks for it; the engine has nothing to do with it any more.
    const inFlight = this.#context.ledger.inFlight().filter((record) => !isUploaded(record));
    await this.engine.recover(inFlight.map((record) => orderOf(this.#context, record)));
    // The last observations of the former core may not have reached the store: what does not wait has been started.
    const atMs = this.#context.clock.nowMs();
    const started = inFlight.filter(({ id, state }) => isWaiting(state) && this.engine.whyQueued(id) === undefined);
    this.#progress.observe(started.map(({ id }) => ({ step: id, state: 'running', reason: '', atMs })));
  }

  /** Throws what `Sessions.open` throws, and `storage-needed` if its steps would work in a directory that they do not see. */
  openSession(request: SessionRequest): OpenSession {
    const unseen = request.storage ? undefined : this.engine.checkDirectory(request.workdir);
    if (unseen) throw unseen;
    const session = this.sessions.open(request);
    if (request.storage) this.#context.staging.configure(request.storage);
    clearEarlier(this.#context, session.record.id);
    if (request.storage) this.#progress.finishBegun();
    // Before anything starts, for what starts opens uploads to the same keys.
    void this.#sweeper.sweep().then(() => {
      if (this.sessions.attached?.record.id === session.record.id) this.engine.hold(false);
    });
    // Streams of a session that has been replaced end.
    this.feed.notify();
    return session;
  }

  /** Steps of earlier sessions that a new one may adopt. */
  unfinishedBefore(session: SessionId): number {
    return [...this.#context.ledger.all()].filter((record) => record.session !== session).length;
  }

  /** Throws what the store throws; then too the session is closed. */
  closeSession(id: SessionId): void {
    this.sessions.heard(id);
    // Before anything that may fail: without a session there is no environment to start a step in.
    this.engine.hold(true);
    try {
      this.sessions.close(id);
    } finally {
      this.#progress.stop(this.#sweeper.unclaimed(id).map((record) => record.id));
      this.#context.ledger.flushOrRetry();
      for (const listener of this.#closeListeners) listener(id);
      this.feed.notify();
    }
  }

  /**
   * The events of a session, until it ends: then its reader, if it still lives, hears it by the end of the stream, and
   * opens the session again.
   */
  eventsOf(session: SessionId, afterSeq: number, signal: AbortSignal): AsyncGenerator<readonly StepEvent[]> {
    const isOver = (): boolean => this.sessions.attached?.record.id !== session;
    return this.feed.read(afterSeq, { session, signal, isOver });
  }

  onSessionClosed(listener: (session: SessionId) => void): void {
    this.#closeListeners.push(listener);
  }

  heard(id: SessionId, toldThrough?: number): { readonly trouble: string | null } {
    this.sessions.heard(id);
    if (toldThrough !== undefined) this.#context.ledger.forget(this.sessions.told(id, toldThrough));
    return { trouble: this.#context.ledger.trouble ?? null };
  }

  /** Every session; one whose front end has just gone is not attached any more. */
  listSessions(): ReturnType<Sessions['list']> {
    this.expireSession();
    return this.sessions.list();
  }

  /** Notices a front end that went without a word; true if one did. */
  expireSession(): boolean {
    const gone = this.sessions.expire();
    if (!gone) return false;
    this.engine.hold(true);
    this.feed.notify();
    return true;
  }

  /** Takes a batch; before that, what runs under outdated requests for the same outputs is ended and waited for. */
  async submit(
    session: SessionId,
    items: readonly SubmitItem[],
    options: { readonly adoptOnly: boolean },
  ): Promise<readonly SubmitResult[]> {
    const { workdir } = this.sessions.heard(session).record;
    const cancellations = this.#cancellations;
    await forgetVanished(this.#context, session, workdir, items);
    for (;;) {
      const outdated = outdatedBy(this.#context, session, workdir, items);
      if (outdated.length === 0) break;
      this.#context.logger.info({ steps: outdated.length }, 'ending steps whose request has changed');
      this.#progress.stop(outdated);
      await this.#progress.ended(outdated);
      // It may have been closed meanwhile.
      this.sessions.heard(session);
    }
    const cancelled = this.#cancellations !== cancellations;
    const results = submit(this.#context, session, workdir, items, { ...options, cancelled });
    for (const result of results) if (result.outcome === 'adopted') this.#progress.claim(result.record);
    return results;
  }

  /** Cancels steps, or all in flight of a session, or all; resolves when they are gone or the signal fires. */
  async cancel(
    which: { readonly steps?: readonly StepId[]; readonly session?: SessionId },
    signal: AbortSignal,
  ): Promise<{ readonly cancelled: number; readonly stillRunning: number }> {
    if (!which.steps) this.#cancellations += 1;
    const ids = which.steps
      ? [...new Set(which.steps)].filter((id) => this.#progress.isInFlight(id))
      : this.#context.ledger
          .inFlight()
          .filter((record) => which.session === undefined || record.session === which.session)
          .map((record) => record.id);
    this.#progress.stop(ids);
    return { cancelled: ids.length, stillRunning: await this.#progress.ended(ids, signal) };
  }

  /** Steps that take up the machine now; queued ones do not keep a core alive that nobody is attached to. */
  get runningCount(): number {
    return this.#context.ledger.inFlight().filter((record) => this.#progress.isBusy(record)).length;
  }

  step(id: StepId): StepRecord {
    const record = this.#context.ledger.get(id) ?? this.#context.store.step(id);
    if (!record) throw new KonvergeError('not-found', `there is no step ${id}`);
    return record;
  }

  steps(filter: StepFilter): readonly StepRecord[] {
    this.#context.ledger.flushOrRetry();
    return this.#context.store.steps(filter);
  }

  get lastSeq(): number {
    return this.#context.store.lastSeq();
  }

  explain(id: StepId): Promise<Explanation> {
    return explain(this.#context, this.step(id));
  }

  /** Gives a step that waits another priority class; throws as change-priority.ts says. */
  async changePriority(id: StepId, priorityClass: string, signal: AbortSignal): Promise<StepRecord> {
    await changePriority(this.#context, id, priorityClass, signal);
    return this.step(id);
  }

  /** What would become of these steps, without taking them. */
  preview(workdir: string, items: readonly SubmitItem[]): readonly Preview[] {
    return preview(this.#context, workdir, items);
  }

  async close(): Promise<void> {
    await this.#progress.close();
    await this.engine.close();
    await this.#context.staging.close();
    this.#context.ledger.close();
    this.feed.close();
    this.#context.store.close();
  }
}
