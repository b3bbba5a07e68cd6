import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RequestHash, SessionId, StepId, StepKey } from '../../domain/brand.ts';
import type { NewStepEvent } from '../../domain/event.ts';
import type { StepRecord } from '../../domain/step.ts';
import { openDatabase } from './database.ts';
import { SqliteRunStore } from './sqlite-run-store.ts';

const session = 's-1' as SessionId;

function record(number: number, over: Partial<StepRecord> = {}): StepRecord {
  return {
    id: `step-${number}` as StepId,
    key: `key-${number}` as StepKey,
    requestHash: 'hash' as RequestHash,
    generation: 1,
    session,
    spec: {
      ref: `${number}.1`,
      rule: 'map',
      label: `map n=${number}`,
      attempt: 1,
      priority: 0,
      inputs: [],
      outputs: [`out/${number}`],
      logs: [],
      resources: { cpuMillis: 1000, custom: {} },
      execution: { mode: 'direct', shell: '/bin/sh', commands: ['echo \'ü\' "$x"\n'] },
      cwd: '/work',
      env: {},
      services: [],
      benchmark: false,
    },
    engine: 'local',
    queue: 'default',
    kind: 'job',
    kindReason: 'a plain step',
    state: 'queued',
    reason: '',
    restarts: 0,
    usage: [],
    acceptedAtMs: 1000 + number,
    told: false,
    ...over,
  };
}

function event(step: StepRecord): NewStepEvent {
  return {
    atMs: 5,
    session: step.session,
    step: step.id,
    ref: step.spec.ref,
    rule: 'map',
    label: step.spec.label,
    state: step.state,
    reason: '',
  };
}

function store(): { path: string; store: SqliteRunStore } {
  const path = join(mkdtempSync(join(tmpdir(), 'konverge-store-')), 'store.sqlite');
  return { path, store: new SqliteRunStore(path) };
}

describe('the run store', () => {
  it('gives back what it was given, after it was closed and opened again', () => {
    const { path, store: first } = store();
    const ended = record(1, {
      state: 'failed',
      startedAtMs: 2000,
      endedAtMs: 3000,
      failure: { class: 'user', message: 'exit code 3', hint: '', exitCode: 3 },
      usage: [{ wallMs: 1.5, maxRssBytes: 4096 }],
    });
    first.write({ steps: [ended, record(2)] });
    first.close();
    const second = new SqliteRunStore(path);
    expect(second.step(ended.id)).toEqual(ended);
    expect(second.steps()).toEqual([ended, record(2)]);
    expect(second.unfinished()).toEqual([record(2)]);
    expect(second.untold()).toEqual([ended]);
    expect(second.step('none' as StepId)).toBeUndefined();
    second.close();
  });

  it('changes a record without its command, and gives it a new reference', () => {
    const { store: runs } = store();
    const step = record(1);
    runs.write({ steps: [step] });
    const adopter = 's-2' as SessionId;
    runs.write({ changes: [{ ...step, session: adopter, ref: '9.1', state: 'running', startedAtMs: 7 }] });
    expect(runs.step(step.id)).toEqual({
      ...step,
      session: adopter,
      spec: { ...step.spec, ref: '9.1' },
      state: 'running',
      startedAtMs: 7,
    });
    runs.close();
  });

  it('numbers events upwards, for ever', () => {
    const { path, store: runs } = store();
    const [one, two] = runs.write({ steps: [record(1)], events: [event(record(1)), event(record(1))] });
    expect([one?.seq, two?.seq]).toEqual([1, 2]);
    runs.close();
    const again = new SqliteRunStore(path);
    expect(again.lastSeq()).toBe(2);
    expect(again.write({ events: [event(record(1))] })[0]?.seq).toBe(3);
    expect(again.events(1).map(({ seq }) => seq)).toEqual([2, 3]);
    expect(again.events(0, { limit: 1 }).map(({ seq }) => seq)).toEqual([1]);
    expect(again.events(0, { session: 's-other' as SessionId })).toEqual([]);
    again.close();
  });

  it('marks as told just the ends that were told', () => {
    const { store: runs } = store();
    const [first, second, third] = [1, 2, 3].map((n) => record(n, { state: 'succeeded', endedAtMs: 9 }));
    if (!first || !second || !third) throw new Error('three records');
    const running = record(4);
    runs.write({ steps: [first, second, third, running], events: [first, running, second, third].map(event) });
    expect(runs.markTold(session, 0, 3)).toEqual([first.id, second.id]);
    expect(runs.markTold(session, 0, 3)).toEqual([]);
    expect(runs.untold().map(({ id }) => id)).toEqual([third.id]);
    runs.close();
  });

  it('writes all of a batch or nothing', () => {
    const { store: runs } = store();
    runs.write({ steps: [record(1)] });
    // The second record has an id that is taken, so the first must not be there either.
    expect(() => runs.write({ steps: [record(2), record(1)], events: [event(record(2))] })).toThrow(
      expect.objectContaining({ code: 'store-failed' }),
    );
    expect(runs.step('step-2' as StepId)).toBeUndefined();
    expect(runs.lastSeq()).toBe(0);
    runs.close();
  });

  it('finds the newest generation of a key', () => {
    const { store: runs } = store();
    const key = 'key-1' as StepKey;
    runs.write({
      steps: [record(1, { generation: 1 }), record(2, { key, generation: 3 }), record(3, { key, generation: 2 })],
    });
    expect(runs.newestOfKey(key)?.generation).toBe(3);
    expect(runs.newestOfKey('none' as StepKey)).toBeUndefined();
    runs.close();
  });

  it('refuses a database of a newer konverge, and says so', () => {
    const { path, store: runs } = store();
    runs.close();
    const database = openDatabase(path);
    database.exec('PRAGMA user_version = 99');
    database.close();
    expect(() => new SqliteRunStore(path)).toThrow(/schema 99/);
  });

  it('names the file when it cannot be opened', () => {
    expect(() => new SqliteRunStore('/dev/null/store.sqlite')).toThrow(/\/dev\/null\/store/);
  });
});
