import type { RequestHash, SessionId, StepId, StepKey } from '../../domain/brand.ts';
import type { StepEvent } from '../../domain/event.ts';
import type { Failure } from '../../domain/failure.ts';
import type { WorkloadKind } from '../../domain/kind.ts';
import type { ManifestRef } from '../../domain/manifest.ts';
import type { StepState } from '../../domain/state.ts';
import type { StepRecord, StepSpec, Usage } from '../../domain/step.ts';
import type { SessionRecord } from '../../ports/run-store.ts';

/** Rows as SQLite gives them, and back into the domain. The file is ours, so columns are trusted. */
export interface StepRow {
  readonly id: string;
  readonly key: string;
  readonly request_hash: string;
  readonly generation: number;
  readonly session: string;
  readonly ref: string;
  readonly engine: string;
  readonly queue: string;
  readonly kind: string;
  readonly kind_reason: string;
  readonly state: string;
  readonly reason: string;
  readonly restarts: number;
  readonly failure: string | null;
  readonly usage: string;
  readonly accepted_at_ms: number;
  readonly started_at_ms: number | null;
  readonly ended_at_ms: number | null;
  readonly told: number;
  readonly spec: string;
  readonly manifest: string | null;
}

export function stepFromRow(row: StepRow): StepRecord {
  // The reference is kept beside the spec, since an adoption gives the step a new one.
  const spec = { ...(JSON.parse(row.spec) as StepSpec), ref: row.ref };
  return {
    id: row.id as StepId,
    key: row.key as StepKey,
    requestHash: row.request_hash as RequestHash,
    generation: row.generation,
    session: row.session as SessionId,
    spec,
    engine: row.engine,
    queue: row.queue,
    kind: row.kind as WorkloadKind,
    kindReason: row.kind_reason,
    state: row.state as StepState,
    reason: row.reason,
    restarts: row.restarts,
    ...(row.failure === null ? {} : { failure: JSON.parse(row.failure) as Failure }),
    ...(row.manifest === null ? {} : { manifest: JSON.parse(row.manifest) as ManifestRef }),
    usage: JSON.parse(row.usage) as Usage[],
    acceptedAtMs: row.accepted_at_ms,
    ...(row.started_at_ms === null ? {} : { startedAtMs: row.started_at_ms }),
    ...(row.ended_at_ms === null ? {} : { endedAtMs: row.ended_at_ms }),
    told: row.told === 1,
  };
}

export interface EventRow {
  readonly seq: number;
  readonly at_ms: number;
  readonly session: string;
  readonly step: string;
  readonly ref: string;
  readonly rule: string;
  readonly label: string;
  readonly state: string;
  readonly reason: string;
  readonly failure: string | null;
  readonly usage: string | null;
}

export function eventFromRow(row: EventRow): StepEvent {
  return {
    seq: row.seq,
    atMs: row.at_ms,
    session: row.session as SessionId,
    step: row.step as StepId,
    ref: row.ref,
    rule: row.rule,
    label: row.label,
    state: row.state as StepState,
    reason: row.reason,
    ...(row.failure === null ? {} : { failure: JSON.parse(row.failure) as Failure }),
    ...(row.usage === null ? {} : { usage: JSON.parse(row.usage) as Usage[] }),
  };
}

export interface SessionRow {
  readonly id: string;
  readonly front_end: string;
  readonly workdir: string;
  readonly pid: number;
  readonly host: string;
  readonly opened_at_ms: number;
  readonly closed_at_ms: number | null;
}

export function sessionFromRow(row: SessionRow): SessionRecord {
  return {
    id: row.id as SessionId,
    frontEnd: row.front_end,
    workdir: row.workdir,
    pid: row.pid,
    host: row.host,
    openedAtMs: row.opened_at_ms,
    ...(row.closed_at_ms === null ? {} : { closedAtMs: row.closed_at_ms }),
  };
}
