import type { SessionId, StepId, StepKey } from '../domain/brand.ts';
import { asKonvergeError, type ErrorBody, KonvergeError } from '../domain/error.ts';
import { failure } from '../domain/failure.ts';
import { requestHashOf, stepIdOf, stepKeyOf } from '../domain/identity.ts';
import { isEnd } from '../domain/state.ts';
import type { StepRecord, StepSpec } from '../domain/step.ts';
import type { WorkOrder } from '../ports/engine.ts';
import type { CoreContext } from './context.ts';
import { eventOf } from './event-of.ts';
import { place } from './placement.ts';

/** A step as it was asked for, or the reason why it could not be read. */
export type SubmitItem =
  | { readonly ref: string; readonly spec: StepSpec }
  | { readonly ref: string; readonly error: KonvergeError };

/**
 * What became of one step of a batch.
 * - `accepted`: stored, and on its way to the engine.
 * - `adopted`: an earlier process asked for the same; its record, running or ended, now stands for this request.
 * - `refused`: not stored; the error says why.
 * - `unknown`: nothing to adopt (only where nothing but adoption was asked for).
 */
export type SubmitResult =
  | { readonly ref: string; readonly outcome: 'accepted' | 'adopted'; readonly record: StepRecord }
  | { readonly ref: string; readonly outcome: 'refused'; readonly error: ErrorBody }
  | { readonly ref: string; readonly outcome: 'unknown' };

/** Steps that may be in flight at once; beyond it a batch is refused whole and may be sent again. */
export const maxInFlight = 100_000;

/**
 * Steps in flight that make what these items ask for, under a request that has changed since. They are ended before the
 * items are taken, so that two processes never write one file: neither now, nor after a crash at any point between.
 */
export function outdatedBy(
  core: CoreContext,
  session: SessionId,
  root: string,
  items: readonly SubmitItem[],
): StepId[] {
  return items.flatMap((item) => {
    if ('error' in item) return [];
    const live = core.ledger.liveOfKey(stepKeyOf(root, item.spec));
    if (!live || isEnd(live.state) || isClaimed(live, session, item.spec)) return [];
    try {
      return requestHashOf(place(item.spec, core.engine).spec) === live.requestHash ? [] : [live.id];
    } catch {
      // It will be refused, with the reason; what is refused ends nothing.
      return [];
    }
  });
}

/**
 * Takes a batch: all of its new records are one transaction, and in the same turn of the event loop the engine hears of
 * them. With `adoptOnly` nothing new is stored; the caller uses it before it removes old outputs. With `cancelled` what is
 * new never starts: the cancellation came while outdated steps were awaited.
 */
export function submit(
  core: CoreContext,
  session: SessionId,
  root: string,
  items: readonly SubmitItem[],
  options: { readonly adoptOnly: boolean; readonly cancelled: boolean },
): readonly SubmitResult[] {
  if (!options.adoptOnly && core.ledger.inFlightCount + items.length > maxInFlight) {
    throw new KonvergeError('too-many-steps', `more than ${maxInFlight} steps are in flight`);
  }
  const batch: Batch = { records: new Map(), orders: [], superseded: [] };
  const results = items.map((item): SubmitResult => {
    if ('error' in item) return { ref: item.ref, outcome: 'refused', error: item.error.toBody() };
    try {
      return take(core, session, root, item.spec, options.adoptOnly, batch);
    } catch (error) {
      return { ref: item.ref, outcome: 'refused', error: asKonvergeError(error).toBody() };
    }
  });
  // Adoptions too are on disk before anybody hears of them.
  core.ledger.flush();
  core.ledger.add([...batch.records.values()]);
  core.ledger.settle(batch.superseded);
  if (!options.cancelled) core.engine.launch(batch.orders);
  else
    for (const record of batch.records.values()) cancelUnlaunched(core, record, 'it was cancelled before it started');
  return results;
}

interface Batch {
  readonly records: Map<StepKey, StepRecord>;
  readonly orders: WorkOrder[];
  /** Ends of earlier sessions that a new record stands in for. */
  readonly superseded: StepRecord[];
}

function take(
  core: CoreContext,
  session: SessionId,
  root: string,
  spec: StepSpec,
  adoptOnly: boolean,
  batch: Batch,
): SubmitResult {
  const key = stepKeyOf(root, spec);
  const live = core.ledger.liveOfKey(key);
  // Kind and queue first: a request that is refused must not adopt or end anything.
  const placement = place(spec, core.engine);
  const requestHash = requestHashOf(placement.spec);
  if (live) {
    if (mayAdopt(live, requestHash, session, spec.ref)) {
      return { ref: spec.ref, outcome: 'adopted', record: adopt(core, live, session, spec.ref) };
    }
    if (!isEnd(live.state)) {
      throw new KonvergeError(
        'step-claimed',
        `rule ${spec.rule}: ${live.spec.label} is already in flight with the same outputs`,
      );
    }
  }
  if (adoptOnly) return { ref: spec.ref, outcome: 'unknown' };
  if (batch.records.has(key)) {
    throw new KonvergeError('step-claimed', `rule ${spec.rule}: ${spec.label} comes twice in one batch`);
  }
  const generation = (core.store.newestOfKey(key)?.generation ?? 0) + 1;
  const record: StepRecord = {
    id: stepIdOf(key, spec.attempt, generation),
    key,
    requestHash,
    generation,
    session,
    spec: placement.spec,
    engine: core.engine.name,
    queue: placement.queue,
    kind: placement.choice.kind,
    kindReason: placement.choice.reason,
    state: 'accepted',
    reason: '',
    restarts: 0,
    usage: [],
    acceptedAtMs: core.clock.nowMs(),
    told: false,
  };
  const order = orderOf(core, record);
  if (spec.staging && !core.staging.configured) {
    throw new KonvergeError(
      'storage-unconfigured',
      `rule ${spec.rule}: this session has not said how its storage is reached`,
    );
  }
  const refusal = core.engine.check(order);
  if (refusal) throw refusal;
  batch.records.set(key, record);
  batch.orders.push(order);
  if (live && live.session !== session) batch.superseded.push(live);
  return { ref: spec.ref, outcome: 'accepted', record };
}

/**
 * A step that runs or succeeded may stand for the same request of another process; a failure is tried again. To its own
 * asker, who was not sure that his request had arrived, it stands for itself, however it ended.
 */
function mayAdopt(live: StepRecord, requestHash: string, session: SessionId, ref: string): boolean {
  if (live.requestHash !== requestHash) return false;
  if (live.session === session) return live.spec.ref === ref;
  return live.state !== 'failed' && live.state !== 'cancelled';
}

/** Whether another step of the same session holds the outputs: that is a fault of the workflow, not a changed request. */
function isClaimed(live: StepRecord, session: SessionId, spec: StepSpec): boolean {
  return live.session === session && live.spec.ref !== spec.ref;
}

function adopt(core: CoreContext, live: StepRecord, session: SessionId, ref: string): StepRecord {
  const adopted: StepRecord = { ...live, session, spec: { ...live.spec, ref } };
  // The event tells the new asker where the step stands, its end included.
  core.ledger.change(adopted, eventOf(adopted, core.clock.nowMs()));
  return adopted;
}

export function orderOf(core: CoreContext, record: StepRecord): WorkOrder {
  return { id: record.id, spec: record.spec, kind: record.kind, queue: record.queue, sequence: core.nextSequence() };
}

/** Ends a step of which nothing runs, without the engine's word; the record as it is then. */
export function cancelUnlaunched(core: CoreContext, record: StepRecord, why: string): StepRecord {
  const atMs = core.clock.nowMs();
  const after: StepRecord = {
    ...record,
    state: 'cancelled',
    reason: why,
    failure: failure('cancelled', why),
    endedAtMs: atMs,
  };
  core.ledger.change(after, eventOf(after, atMs));
  return after;
}
