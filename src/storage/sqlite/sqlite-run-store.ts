import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { SessionId, StepId, StepKey } from '../../domain/brand.ts';
import { KonvergeError } from '../../domain/error.ts';
import type { StepEvent } from '../../domain/event.ts';
import type { StepRecord } from '../../domain/step.ts';
import type { RunStore, SessionRecord, StepChange, StepFilter, StoreBatch } from '../../ports/run-store.ts';
import { openDatabase } from './database.ts';
import { type EventRow, eventFromRow, type SessionRow, type StepRow, sessionFromRow, stepFromRow } from './rows.ts';

/** The run store in one SQLite file, by `node:sqlite`. */
export class SqliteRunStore implements RunStore {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(path: string, options: { readonly readOnly?: boolean } = {}) {
    this.#database = openDatabase(path, options);
  }

  write(batch: StoreBatch): readonly StepEvent[] {
    try {
      this.#database.exec('BEGIN IMMEDIATE');
      try {
        for (const session of batch.sessions ?? []) this.#putSession(session);
        for (const step of batch.steps ?? []) this.#putStep(step);
        for (const change of batch.changes ?? []) this.#changeStep(change);
        const events = (batch.events ?? []).map((event) => ({ seq: this.#addEvent(event), ...event }));
        this.#database.exec('COMMIT');
        return events;
      } catch (error) {
        // A full disk may have rolled back already; then there is nothing to undo.
        if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
        throw error;
      }
    } catch (cause) {
      throw storeError(cause);
    }
  }

  step(id: StepId): StepRecord | undefined {
    const row = this.#prepare('SELECT * FROM steps WHERE id = ?').get(id) as StepRow | undefined;
    return row && stepFromRow(row);
  }

  steps(filter: StepFilter = {}): readonly StepRecord[] {
    const rows = this.#prepare(
      `SELECT * FROM steps
       WHERE (:session IS NULL OR session = :session)
         AND (:states IS NULL OR state IN (SELECT value FROM json_each(:states)))
       ORDER BY accepted_at_ms, rowid LIMIT :limit`,
    ).all({
      session: filter.session ?? null,
      states: filter.states ? JSON.stringify(filter.states) : null,
      limit: filter.limit ?? -1,
    });
    return rows.map((row) => stepFromRow(row as unknown as StepRow));
  }

  newestOfKey(key: StepKey): StepRecord | undefined {
    const row = this.#prepare('SELECT * FROM steps WHERE key = ? ORDER BY generation DESC LIMIT 1').get(key);
    return row && stepFromRow(row as unknown as StepRow);
  }

  unfinished(): readonly StepRecord[] {
    const rows = this.#prepare('SELECT * FROM steps WHERE ended_at_ms IS NULL ORDER BY accepted_at_ms, rowid').all();
    return rows.map((row) => stepFromRow(row as unknown as StepRow));
  }

  untold(): readonly StepRecord[] {
    const rows = this.#prepare(
      'SELECT * FROM steps WHERE ended_at_ms IS NOT NULL AND told = 0 ORDER BY accepted_at_ms, rowid',
    ).all();
    return rows.map((row) => stepFromRow(row as unknown as StepRow));
  }

  markTold(session: SessionId, afterSeq: number, throughSeq: number): readonly StepId[] {
    try {
      const rows = this.#prepare(
        `UPDATE steps SET told = 1 WHERE told = 0 AND ended_at_ms IS NOT NULL AND session = :session AND id IN
           (SELECT step FROM events WHERE session = :session AND seq > :after AND seq <= :through
              AND state IN ('succeeded', 'failed', 'cancelled'))
         RETURNING id`,
      ).all({ session, after: afterSeq, through: throughSeq });
      return rows.map((row) => (row as { id: StepId }).id);
    } catch (cause) {
      throw storeError(cause);
    }
  }

  events(
    afterSeq: number,
    options: { readonly session?: SessionId; readonly limit?: number } = {},
  ): readonly StepEvent[] {
    const limit = options.limit ?? -1;
    const rows = options.session
      ? this.#prepare('SELECT * FROM events WHERE session = ? AND seq > ? ORDER BY seq LIMIT ?').all(
          options.session,
          afterSeq,
          limit,
        )
      : this.#prepare('SELECT * FROM events WHERE seq > ? ORDER BY seq LIMIT ?').all(afterSeq, limit);
    return rows.map((row) => eventFromRow(row as unknown as EventRow));
  }

  lastSeq(): number {
    const row = this.#prepare('SELECT max(seq) AS seq FROM events').get() as { seq: number | null };
    return row.seq ?? 0;
  }

  sessions(): readonly SessionRecord[] {
    const rows = this.#prepare('SELECT * FROM sessions ORDER BY opened_at_ms, rowid').all();
    return rows.map((row) => sessionFromRow(row as unknown as SessionRow));
  }

  close(): void {
    this.#database.close();
  }

  #putSession(session: SessionRecord): void {
    this.#prepare(
      `INSERT INTO sessions (id, front_end, workdir, pid, host, opened_at_ms, closed_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET pid = excluded.pid, host = excluded.host, closed_at_ms = excluded.closed_at_ms`,
    ).run(
      session.id,
      session.frontEnd,
      session.workdir,
      session.pid,
      session.host,
      session.openedAtMs,
      session.closedAtMs ?? null,
    );
  }

  #putStep(step: StepRecord): void {
    this.#prepare(
      `INSERT INTO steps (id, key, request_hash, generation, session, ref, engine, queue, kind, kind_reason, state, reason,
         restarts, failure, usage, accepted_at_ms, started_at_ms, ended_at_ms, told, spec, manifest)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ).run(
      step.id,
      step.key,
      step.requestHash,
      step.generation,
      step.session,
      step.spec.ref,
      step.engine,
      step.queue,
      step.kind,
      step.kindReason,
      step.state,
      step.reason,
      step.restarts,
      step.failure ? JSON.stringify(step.failure) : null,
      JSON.stringify(step.usage),
      step.acceptedAtMs,
      step.startedAtMs ?? null,
      step.endedAtMs ?? null,
      step.told ? 1 : 0,
      JSON.stringify(step.spec),
      step.manifest ? JSON.stringify(step.manifest) : null,
    );
  }

  #changeStep(change: StepChange): void {
    this.#prepare(
      `UPDATE steps SET session = ?, ref = ?, state = ?, reason = ?, restarts = ?, failure = ?, usage = ?,
         manifest = ?, started_at_ms = ?, ended_at_ms = ?, told = ? WHERE id = ?`,
    ).run(
      change.session,
      change.ref,
      change.state,
      change.reason,
      change.restarts,
      change.failure ? JSON.stringify(change.failure) : null,
      JSON.stringify(change.usage),
      change.manifest ? JSON.stringify(change.manifest) : null,
      change.startedAtMs ?? null,
      change.endedAtMs ?? null,
      change.told ? 1 : 0,
      change.id,
    );
  }

  #addEvent(event: Omit<StepEvent, 'seq'>): number {
    const { lastInsertRowid } = this.#prepare(
      `INSERT INTO events (at_ms, session, step, ref, rule, label, state, reason, failure, usage)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ).run(
      event.atMs,
      event.session,
      event.step,
      event.ref,
      event.rule,
      event.label,
      event.state,
      event.reason,
      event.failure ? JSON.stringify(event.failure) : null,
      event.usage ? JSON.stringify(event.usage) : null,
    );
    return Number(lastInsertRowid);
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

function storeError(cause: unknown): KonvergeError {
  if (cause instanceof KonvergeError) return cause;
  const message = cause instanceof Error ? cause.message : String(cause);
  // SQLITE_FULL; SQLite's own words for ENOSPC and quotas.
  const full = (cause as { errcode?: number }).errcode === 13 || /disk is full|database or disk is full/.test(message);
  return new KonvergeError(full ? 'disk-full' : 'store-failed', `the run store: ${message}`, { cause });
}
