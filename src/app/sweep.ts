import type { SessionId } from '../domain/brand.ts';
import { isWaiting } from '../domain/state.ts';
import type { StepRecord } from '../domain/step.ts';
import { isUploaded } from './committer.ts';
import type { CoreContext } from './context.ts';

/** How long uploads that nobody asks for are kept: a run may be interrupted over a weekend. */
export const claimMs = 7 * 24 * 3600 * 1000;
/** A store that does not answer shall not keep a run from starting. */
const sweepMs = 30_000;

/** Ends what killed attempts have left open in storage, and what nobody will claim any more. */
export class Sweeper {
  private readonly core: CoreContext;
  private sweptUntilMs = 0;

  constructor(core: CoreContext) {
    this.core = core;
  }

  /**
   * Looks at the keys of steps that failed or were cancelled since the last sweep: their uploads were aborted as they ended,
   * unless something was killed just then. Keys of steps in flight are left alone: their uploads are alive. Never throws.
   */
  async sweep(): Promise<void> {
    const { store, staging, ledger, clock, logger } = this.core;
    if (!staging.configured) return;
    const nowMs = clock.nowMs();
    const since = Math.max(this.sweptUntilMs, nowMs - claimMs);
    const alive = new Set(ledger.inFlight().map(({ key }) => key));
    const ended = store
      .steps({ states: ['failed', 'cancelled'] })
      .filter(
        ({ spec, key, endedAtMs }) => spec.staging?.by === 'agent' && (endedAtMs ?? 0) >= since && !alive.has(key),
      );
    if (ended.length === 0) return;
    const keep = [...ledger.all()].flatMap(({ manifest }) => (manifest ? [manifest] : []));
    const jobs = ended.flatMap(({ id, spec }) => (spec.staging ? [{ step: id, plan: spec.staging }] : []));
    try {
      const { aborted } = await within(staging.collectGarbage(jobs, keep), sweepMs);
      this.sweptUntilMs = nowMs;
      if (aborted > 0) logger.info({ aborted }, 'ended uploads that killed attempts had left open');
    } catch (error) {
      logger.warn({ error: (error as Error).message }, 'could not look for uploads that killed attempts left open');
    }
  }

  /**
   * What a run that is over has not asked for: of steps that earlier ones left in a queue all, of those that are uploaded what
   * no run has asked for in a long time. What has begun to run goes on, for its work may be wanted yet.
   */
  unclaimed(over: SessionId): StepRecord[] {
    const beforeMs = this.core.clock.nowMs() - claimMs;
    const { ledger } = this.core;
    return ledger
      .inFlight()
      .filter((record) =>
        isUploaded(record) ? record.acceptedAtMs < beforeMs : isWaiting(record.state) && record.session !== over,
      );
  }
}

async function within<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`no answer within ${timeoutMs / 1000} s`)), timeoutMs);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
