import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { SessionId } from '../domain/brand.ts';
import { SqliteRunStore } from '../storage/sqlite/sqlite-run-store.ts';
import { heartbeatMs, type SessionRequest, Sessions } from './sessions.ts';

const request: SessionRequest = { frontEnd: 'test', workdir: '/work', pid: 7, host: 'here', environment: { A: '1' } };

function setUp(): { sessions: Sessions; store: SqliteRunStore; clock: { now: number }; alive: Set<number> } {
  const directory = mkdtempSync(join(tmpdir(), 'konverge-sessions-'));
  const store = new SqliteRunStore(join(directory, 'store.sqlite'));
  onTestFinished(() => {
    store.close();
    rmSync(directory, { recursive: true });
  });
  const clock = { now: 1000 };
  const alive = new Set([7]);
  const sessions = new Sessions(store, { nowMs: () => clock.now }, ({ pid }) => alive.has(pid));
  return { sessions, store, clock, alive };
}

describe('sessions', () => {
  it('are kept, and closed with a time', () => {
    const { sessions, store, clock } = setUp();
    const { record } = sessions.open(request);
    expect(sessions.list()).toEqual([{ record, attached: true, alive: true }]);
    clock.now = 2000;
    sessions.close(record.id);
    expect(store.sessions()).toEqual([{ ...record, closedAtMs: 2000 }]);
    expect(sessions.attached).toBeUndefined();
    sessions.close(record.id);
  });

  it('live by their heartbeat, and by their process', () => {
    const { sessions, store, clock, alive } = setUp();
    const { record } = sessions.open(request);
    clock.now += 4 * heartbeatMs;
    expect(sessions.expire()).toBe(false);
    sessions.heard(record.id);
    clock.now += 4 * heartbeatMs + 1;
    expect(sessions.expire()).toBe(true);
    // It has not said that it closes: in the store it looks like one that crashed.
    expect(store.sessions()[0]?.closedAtMs).toBeUndefined();
    sessions.open(request);
    alive.clear();
    expect(sessions.expire()).toBe(true);
  });

  it('are resumed by their id; one that is not known is a new one', () => {
    const { sessions, clock } = setUp();
    const { record } = sessions.open(request);
    sessions.close(record.id);
    clock.now = 9000;
    expect(sessions.open({ ...request, pid: 7, resume: record.id }).record).toEqual(record);
    sessions.close(record.id);
    expect(sessions.open({ ...request, resume: 's-none' as SessionId }).record.id).not.toBe('s-none');
  });

  it('keep the environments of the newest front end, which are in no store', () => {
    const { sessions, store } = setUp();
    const { record } = sessions.open({ ...request, fallbackEnvironment: { SECRET: '2' } });
    sessions.close(record.id);
    expect(sessions.environments).toEqual({ direct: { A: '1' }, group: { A: '1' }, fallback: { A: '1', SECRET: '2' } });
    expect(JSON.stringify(store.sessions())).not.toContain('environment');
  });

  it('take what was told only once, and never backwards', () => {
    const { sessions } = setUp();
    const { record } = sessions.open(request);
    expect(sessions.told(record.id, 5)).toEqual([]);
    expect(sessions.attached?.toldThrough).toBe(5);
    sessions.told(record.id, 3);
    expect(sessions.attached?.toldThrough).toBe(5);
  });

  it('are refused while another is attached, and when the core is ending', () => {
    const { sessions } = setUp();
    sessions.open(request);
    expect(() => sessions.open(request)).toThrow(/in use by test, process 7 on here/);
    sessions.end();
    expect(() => sessions.open(request)).toThrow(expect.objectContaining({ code: 'core-unreachable' }));
  });
});
