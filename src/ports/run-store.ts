import type { SessionId, StepId, StepKey } from '../domain/brand.ts';
import type { NewStepEvent, StepEvent } from '../domain/event.ts';
import type { StepRecord } from '../domain/step.ts';

/** A front end's visit, as it is kept. */
export interface SessionRecord {
  readonly id: SessionId;
  /** `snakemake`, `cli`, … */
  readonly frontEnd: string;
  readonly workdir: string;
  /** Process id and host of the front end, to tell whether it still lives. */
  readonly pid: number;
  readonly host: string;
  readonly openedAtMs: number;
  readonly closedAtMs?: number;
}

/** All of a record that may change after it was accepted. */
export interface StepChange
  extends Pick<
    StepRecord,
    | 'id'
    | 'session'
    | 'state'
    | 'reason'
    | 'restarts'
    | 'failure'
    | 'manifest'
    | 'usage'
    | 'startedAtMs'
    | 'endedAtMs'
    | 'told'
  > {
  readonly ref: string;
}

/** Steps and events that belong together: written all or none, in this order. */
export interface StoreBatch {
  /** New records. */
  readonly steps?: readonly StepRecord[];
  readonly changes?: readonly StepChange[];
  readonly events?: readonly NewStepEvent[];
  readonly sessions?: readonly SessionRecord[];
}

export interface StepFilter {
  readonly session?: SessionId;
  readonly states?: readonly string[];
  readonly limit?: number;
}

/**
 * What the core remembers. One adapter per file of src/storage; calls are synchronous, since the store is a file of this
 * process (an adapter over a network would need another port).
 *
 * Not in this contract: environments and credentials, which are never stored.
 */
export interface RunStore {
  /** One transaction. Returns the events with their sequence numbers, in order. Throws `store-failed`. */
  write(batch: StoreBatch): readonly StepEvent[];
  step(id: StepId): StepRecord | undefined;
  steps(filter?: StepFilter): readonly StepRecord[];
  /** The newest record of a key, whatever its state. */
  newestOfKey(key: StepKey): StepRecord | undefined;
  /** Records that have not ended, oldest first. */
  unfinished(): readonly StepRecord[];
  /** Ended records whose end no front end has acknowledged. */
  untold(): readonly StepRecord[];
  /** Marks the ends among a session's events after `afterSeq`, up to and including `throughSeq`, as told; says which. */
  markTold(session: SessionId, afterSeq: number, throughSeq: number): readonly StepId[];
  /** Events after `afterSeq`, oldest first. */
  events(afterSeq: number, options?: { readonly session?: SessionId; readonly limit?: number }): readonly StepEvent[];
  lastSeq(): number;
  sessions(): readonly SessionRecord[];
  close(): void;
}
