import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { Health } from '../../src/frontends/http/schemas.ts';
import { openDatabase } from '../../src/storage/sqlite/database.ts';
import { CoreProcess } from './core-process.ts';
import { eventually, patienceMs, temporaryDirectory } from './harness.ts';
import { stepRequest, stubborn, watchful } from './step.ts';

const timeout = 4 * patienceMs;

function configured(): string {
  const workdir = temporaryDirectory();
  writeFileSync(
    join(workdir, 'konverge.yaml'),
    'engine: local\nlocal: { queues: { default: { cpu: 2, memory: 4Gi } } }\n',
  );
  return workdir;
}

describe('a core that is killed', { timeout }, () => {
  it('is followed by one that goes on with the session: what runs, what has ended, what waits, each once', async () => {
    const workdir = configured();
    const lines = (name: string): string =>
      `echo ${name} >> ran; until [ -e go-${name} ] || [ ! -d $PWD ]; do sleep 0.02; done`;
    const names = ['runs', 'ends', 'waits'];
    const requests = names.map((name) => stepRequest(workdir, name, lines(name)));

    const first = await CoreProcess.start(workdir);
    const { session } = await first.open();
    const before = await first.submit(session, requests);
    await first.running(session, 'runs.1');
    const { seq } = await first.running(session, 'ends.1');
    await first.kill();
    writeFileSync(join(workdir, 'go-ends'), '');

    const second = await CoreProcess.start(workdir);
    expect((await second.open({ resume: session })).session).toBe(session);
    // The shim does not know what has arrived, and sends all of it again.
    const after = await second.submit(session, requests);
    expect(after.map(({ outcome }) => outcome)).toEqual(['adopted', 'adopted', 'adopted']);
    expect(after.map(({ step }) => step)).toEqual(before.map(({ step }) => step));
    expect(await second.endOf(session, 'ends.1', seq)).toMatchObject({ state: 'succeeded' });
    writeFileSync(join(workdir, 'go-runs'), '');
    writeFileSync(join(workdir, 'go-waits'), '');
    for (const ref of ['runs.1', 'waits.1'])
      expect(await second.endOf(session, ref, seq)).toMatchObject({ state: 'succeeded' });
    expect(readFileSync(join(workdir, 'ran'), 'utf8').trim().split('\n').toSorted()).toEqual(names.toSorted());
  });

  it('leaves to a later session what runs and what has succeeded untold, but no failure', async () => {
    const workdir = configured();
    const good = stepRequest(workdir, 'good', 'echo good >> ran');
    const told = stepRequest(workdir, 'told', 'echo told >> ran');
    const bad = stepRequest(workdir, 'bad', 'echo bad >> ran; exit 1');
    const long = stepRequest(
      workdir,
      'long',
      'echo long >> ran; until [ -e go ] || [ ! -d $PWD ]; do sleep 0.02; done',
    );

    const first = await CoreProcess.start(workdir);
    const { session } = await first.open();
    await first.submit(session, [told]);
    await first.told(session, (await first.endOf(session, 'told.1')).seq);
    await first.submit(session, [good, bad, long]);
    await first.endOf(session, 'good.1');
    await first.endOf(session, 'bad.1');
    await first.running(session, 'long.1');
    await first.kill();

    const second = await CoreProcess.start(workdir);
    const opened = await second.open();
    expect(opened.session).not.toBe(session);
    expect(opened.unfinished).toBe(2);
    const again = [good, told, bad, long].map((request) => ({ ...request, ref: `again-${String(request['ref'])}` }));
    const results = await second.submit(opened.session, again, true);
    expect(results.map(({ outcome }) => outcome)).toEqual(['adopted', 'unknown', 'unknown', 'adopted']);
    expect(await second.endOf(opened.session, 'again-good.1')).toMatchObject({ state: 'succeeded' });
    writeFileSync(join(workdir, 'go'), '');
    expect(await second.endOf(opened.session, 'again-long.1')).toMatchObject({ state: 'succeeded' });
    expect(readFileSync(join(workdir, 'ran'), 'utf8').trim().split('\n').toSorted()).toEqual([
      'bad',
      'good',
      'long',
      'told',
    ]);
  });

  it('does not let a new process start beside the old one when it is killed while it waits for the end of the old one', async () => {
    const workdir = configured();
    const first = await CoreProcess.start(workdir);
    const { session: earlier } = await first.open();
    await first.submit(earlier, [stepRequest(workdir, 'a', stubborn)]);
    await eventually(() => existsSync(join(workdir, 'old.pid')), 'the old process');
    await first.running(earlier, 'a.1');
    await first.close(earlier);
    const { session } = await first.open();
    const changed = stepRequest(workdir, 'a', watchful, { ref: 'a-new.1' });
    // It is asked to end the old one, which ignores that for the whole of its grace.
    const broken = first.submit(session, [changed]).catch((error: unknown) => error);
    await eventually(() => readFileSync(first.state.log, 'utf8').includes('request has changed'), 'the core to wait');
    await first.kill();
    expect(await broken).toMatchObject({ code: 'core-unreachable' });

    const second = await CoreProcess.start(workdir);
    await second.open({ resume: session });
    await second.submit(session, [changed]);
    expect(await second.endOf(session, 'a-new.1')).toMatchObject({ state: 'succeeded' });
    expect(existsSync(join(workdir, 'done'))).toBe(true);
    expect(existsSync(join(workdir, 'overlap'))).toBe(false);
  });

  it('leaves its socket and core.json behind, which are in the way of nobody', async () => {
    const workdir = configured();
    const first = await CoreProcess.start(workdir);
    await first.kill();
    expect(existsSync(first.state.coreFile)).toBe(true);
    // Both at once: one of them becomes the core, and the other says so, whoever is first.
    const both = await Promise.all([CoreProcess.start(workdir), CoreProcess.start(workdir)]);
    expect(both.filter(({ ready }) => ready['existing'] === true)).toHaveLength(1);
    expect(new Set(both.map(({ ready }) => ready['pid'])).size).toBe(1);
    await Promise.race(both.map(({ exit }) => exit));
    for (const { client } of both)
      expect((await client.call('GET', '/v1/health', Health)).pid).toBe(both[0]?.ready['pid']);
  });
});

describe('a step of a killed core', { timeout }, () => {
  it('keeps the next core alive without a session, and its end is kept for the session that asks', async () => {
    const workdir = configured();
    const request = stepRequest(
      workdir,
      'a',
      'until [ -e go ] || [ ! -d $PWD ]; do sleep 0.02; done; echo done > done',
    );
    const first = await CoreProcess.start(workdir);
    const { session } = await first.open();
    await first.submit(session, [request]);
    await first.running(session, 'a.1');
    await first.kill();

    const second = await CoreProcess.start(workdir);
    expect((await second.steps()).map(({ state }) => state)).toEqual(['running']);
    writeFileSync(join(workdir, 'go'), '');
    await eventually(async () => (await second.steps())[0]?.state === 'succeeded', 'the end of the step');
    const { session: later, unfinished } = await second.open();
    expect(unfinished).toBe(1);
    const results = await second.submit(later, [{ ...request, ref: 'b.1' }]);
    expect(results[0]?.outcome).toBe('adopted');
    expect((await second.endOf(later, 'b.1')).state).toBe('succeeded');
  });

  it('is known to run although the core was killed before it could write that down', async () => {
    const workdir = configured();
    const request = stepRequest(workdir, 'a', 'echo x >> ran; until [ -e go ] || [ ! -d $PWD ]; do sleep 0.02; done');
    const first = await CoreProcess.start(workdir);
    const { session } = await first.open();
    await first.submit(session, [request]);
    await first.running(session, 'a.1');
    await first.kill();
    const store = openDatabase(first.state.store);
    store.exec("UPDATE steps SET state = 'accepted', started_at_ms = NULL; DELETE FROM events");
    store.close();

    const second = await CoreProcess.start(workdir);
    expect((await second.steps()).map(({ state }) => state)).toEqual(['running']);
    // Another session does not drop it as one that waits, and may adopt it.
    const { session: later } = await second.open();
    const results = await second.submit(later, [{ ...request, ref: 'b.1' }]);
    expect(results[0]?.outcome).toBe('adopted');
    writeFileSync(join(workdir, 'go'), '');
    expect((await second.endOf(later, 'b.1')).state).toBe('succeeded');
    expect(readFileSync(join(workdir, 'ran'), 'utf8')).toBe('x\n');
  });

  it('that was stored but never reached the engine is started by the next core', async () => {
    const workdir = configured();
    const request = stepRequest(workdir, 'a', 'echo x >> ran');
    const first = await CoreProcess.start(workdir);
    const { session } = await first.open();
    await first.submit(session, [stepRequest(workdir, 'blocker', 'sleep 600', { threads: 2 }), request]);
    await first.running(session, 'blocker.1');
    await first.kill();

    const second = await CoreProcess.start(workdir);
    await second.open({ resume: session });
    expect((await second.submit(session, [request]))[0]?.outcome).toBe('adopted');
    const [blocker] = await second.steps();
    await second.client.call('POST', '/v1/steps/cancel', z.unknown(), { steps: [blocker?.step] });
    expect((await second.endOf(session, 'a.1')).state).toBe('succeeded');
    expect(readFileSync(join(workdir, 'ran'), 'utf8')).toBe('x\n');
  });
});
