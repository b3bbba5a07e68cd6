import type { SessionId, StepId } from '../domain/brand.ts';
import { failure, isPassing } from '../domain/failure.ts';
import type { Observation } from '../domain/observation.ts';
import { isEnd, isWaiting } from '../domain/state.ts';
import type { StepRecord } from '../domain/step.ts';
import { Committer, isUploaded } from './committer.ts';
import type { CoreContext } from './context.ts';
import { eventOf } from './event-of.ts';
import { recordAfter } from './observe.ts';
import { restartOf } from './restart.ts';
import { orderOf } from './submit.ts';

/** What becomes of the steps in flight: by the engine's word until a command has ended, by the committer's from then on. */
export class Progress {
  private readonly core: CoreContext;
  private readonly committer: Committer;
  private readonly attached: () => SessionId | undefined;
  /** Called with each step that ends. */
  private readonly endListeners = new Set<(step: StepId) => void>();

  constructor(core: CoreContext, attached: () => SessionId | undefined) {
    this.core = core;
    this.attached = attached;
    this.committer = new Committer(core.staging, core.logger, {
      begins: (step, signal) => this.beginCommit(step, signal),
      committed: (step) => this.end(step, { state: 'succeeded' }),
      failed: (step, why) => this.end(step, { state: 'failed', failure: why }),
      gone: (step, why) => {
        if (!this.runAgain(step, why)) this.end(step, { state: 'failed', failure: failure('storage', why) });
      },
    });
  }

  observe(observations: readonly Observation[]): void {
    for (const observation of observations) {
      const record = this.core.ledger.get(observation.step);
      const after = record && recordAfter(record, ownOutput(record, observation));
      if (!after) continue;
      // Storage was away: that shall not use up the workflow's own retries.
      if (after.failure && isPassing(after.failure) && this.runAgain(after.id, after.failure.message)) continue;
      this.keep(after, observation.atMs);
      if (after.session === this.attached()) this.claim(after);
    }
  }

  /** The attached session asks for a step: if it is parked, it is committed now. */
  claim(record: StepRecord): void {
    if (isUploaded(record)) this.committer.begin(record);
  }

  /** Commits that an earlier core has begun: half of the outputs may be visible. */
  finishBegun(): void {
    for (const record of this.core.ledger.inFlight()) if (record.manifest?.begun) this.claim(record);
  }

  /** Ends steps, wherever they are; those whose commit has begun end by themselves. */
  stop(ids: readonly StepId[]): void {
    const records = ids.map((id) => this.core.ledger.get(id));
    const uploaded = records.filter((record) => record !== undefined).filter(isUploaded);
    const mine = new Set(uploaded.map(({ id }) => id));
    this.core.engine.cancel(ids.filter((id) => !mine.has(id)));
    const why = failure('cancelled', 'it was cancelled before its outputs became visible');
    for (const record of uploaded) {
      if (this.committer.discard(record)) this.end(record.id, { state: 'cancelled', failure: why });
    }
  }

  isInFlight(id: StepId): boolean {
    const record = this.core.ledger.get(id);
    return record !== undefined && !isEnd(record.state);
  }

  /** Whether a step takes up the machine now. A parked one does not, nor one whose upload waits for somebody to say where. */
  isBusy(record: StepRecord): boolean {
    if (isWaiting(record.state) || isEnd(record.state)) return false;
    if (record.state !== 'committing' || this.committer.isCommitting(record.id)) return true;
    return isUploaded(record) ? record.session === this.attached() : this.core.staging.configured;
  }

  /** Resolves when none of these steps is in flight any more, or the signal fires, with the number of those that still are. */
  async ended(ids: readonly StepId[], signal?: AbortSignal): Promise<number> {
    const open = new Set(ids.filter((id) => this.isInFlight(id)));
    if (open.size === 0) return 0;
    const { promise, resolve } = Promise.withResolvers<void>();
    const listener = (id: StepId): void => {
      if (open.delete(id) && open.size === 0) resolve();
    };
    const abort = (): void => resolve();
    this.endListeners.add(listener);
    signal?.addEventListener('abort', abort);
    if (signal?.aborted) resolve();
    await promise;
    this.endListeners.delete(listener);
    signal?.removeEventListener('abort', abort);
    return open.size;
  }

  async close(): Promise<void> {
    await this.committer.close();
  }

  private keep(after: StepRecord, atMs: number): void {
    this.core.ledger.change(after, eventOf(after, atMs));
    if (isEnd(after.state)) for (const listener of this.endListeners) listener(after.id);
  }

  private end(step: StepId, end: Pick<StepRecord, 'state' | 'failure'>): StepRecord | undefined {
    const record = this.core.ledger.get(step);
    if (!record || isEnd(record.state)) return undefined;
    const atMs = this.core.clock.nowMs();
    const after: StepRecord = { ...record, ...end, reason: end.failure?.message ?? '', endedAtMs: atMs };
    this.keep(after, atMs);
    return after;
  }

  private async beginCommit(step: StepId, signal: AbortSignal): Promise<void> {
    const record = this.core.ledger.get(step);
    if (record?.manifest && !record.manifest.begun) {
      const reason = 'its outputs become visible';
      this.keep({ ...record, manifest: { ...record.manifest, begun: true }, reason }, this.core.clock.nowMs());
    }
    await this.core.ledger.written(signal);
  }

  /** Runs a step again, below the front end's retries and under the next generation; false if that was tried often enough. */
  private runAgain(step: StepId, why: string): boolean {
    const record = this.core.ledger.get(step);
    // Of an earlier session nobody waits for it: whoever needs it asks again.
    if (!record || isEnd(record.state) || record.session !== this.attached()) return false;
    const again = restartOf(this.core, record, why);
    if (!again) return false;
    this.core.engine.launch([orderOf(this.core, again)]);
    return true;
  }
}

/** A step that did its own output is not over when its command is: what it says it made has to be seen in storage. */
function ownOutput(record: StepRecord, observation: Observation): Observation {
  if (observation.state !== 'succeeded' || record.spec.staging?.by !== 'step') return observation;
  const { step, usage, atMs } = observation;
  return { step, state: 'uploaded', usage, atMs };
}
