import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { SessionId } from '../../src/domain/brand.ts';
import type { StepEvent } from '../../src/domain/event.ts';
import type { ServiceSpec } from '../../src/domain/service.ts';
import { isEnd } from '../../src/domain/state.ts';
import { CoreUnderTest, eventually, outcomes, patienceMs, queue } from './harness.ts';
import { stepSpec } from './step.ts';

const timeout = 4 * patienceMs;
const untilGo = 'until [ -e go ] || [ ! -d $PWD ]; do sleep 0.02; done';

describe('a session', { timeout }, () => {
  it('keeps others out until it is closed, and may be resumed by its own front end', async () => {
    const under = await CoreUnderTest.open();
    const { record: first } = under.attach();
    expect(() => under.attach()).toThrow(expect.objectContaining({ code: 'workdir-busy' }));
    expect(under.attach({ resume: first.id }).record).toMatchObject({ id: first.id, openedAtMs: first.openedAtMs });
    under.core.closeSession(first.id);
    expect(() => under.core.heard(first.id)).toThrow(expect.objectContaining({ code: 'not-found' }));
    expect(under.attach().record.id).not.toBe(first.id);
  });

  it('is let go of when its process has ended', async () => {
    let alive = true;
    const under = await CoreUnderTest.open({ isAlive: () => alive });
    const { record: first } = under.attach();
    expect(under.core.expireSession()).toBe(false);
    alive = false;
    expect(under.core.expireSession()).toBe(true);
    expect(under.core.expireSession()).toBe(false);
    expect(() => under.core.heard(first.id)).toThrow(expect.objectContaining({ code: 'not-found' }));
  });

  it('is let go of when it is silent for too long', async () => {
    const under = await CoreUnderTest.open();
    const { record: first } = under.attach();
    under.aheadMs += 15_000;
    under.core.heard(first.id);
    under.aheadMs += 15_000;
    expect(under.core.expireSession()).toBe(false);
    under.aheadMs += 15_000;
    // The next one need not wait for the core's own look.
    expect(under.attach().record.id).not.toBe(first.id);
  });

  it('cannot be opened on a core that is ending', async () => {
    const under = await CoreUnderTest.open();
    under.core.sessions.end();
    expect(() => under.attach()).toThrow(expect.objectContaining({ code: 'core-unreachable' }));
    expect(under.store.sessions()).toEqual([]);
  });
});

describe('a session that went away', { timeout }, () => {
  async function withOneRunningAndOneQueued(): Promise<{ under: CoreUnderTest; first: SessionId }> {
    const under = await CoreUnderTest.open({ queues: [queue('default', 1)] });
    const { record } = under.attach();
    const specs = ['a', 'b'].map((name) => stepSpec(under.directory, name, `echo ${name} >> started; ${untilGo}`));
    await under.submit(record.id, specs);
    await under.running('a.1');
    await under.eventsUntil(({ ref, state }) => ref === 'b.1' && state === 'queued');
    under.aheadMs += 60_000;
    expect(under.core.expireSession()).toBe(true);
    return { under, first: record.id };
  }

  it('has its queued steps dropped by the next one, and its running steps adopted', async () => {
    const { under } = await withOneRunningAndOneQueued();
    const { record: second } = under.attach();
    expect(under.core.unfinishedBefore(second.id)).toBe(1);
    expect((await under.endOf('b.1')).state).toBe('cancelled');

    const specs = ['a', 'b'].map((name) =>
      stepSpec(under.directory, name, `echo ${name} >> started; ${untilGo}`, { ref: `${name}-again.1` }),
    );
    expect(outcomes(await under.submit(second.id, specs, true))).toEqual(['adopted', 'unknown']);
    expect(outcomes(await under.submit(second.id, specs.slice(1)))).toEqual(['accepted']);
    writeFileSync(join(under.directory, 'go'), '');
    expect((await under.endOf('a-again.1')).state).toBe('succeeded');
    expect((await under.endOf('b-again.1')).state).toBe('succeeded');
    expect(readFileSync(join(under.directory, 'started'), 'utf8')).toBe('a\nb\n');
  });

  it('has its queued steps adopted, too, where they keep their place in a line', async () => {
    const { under } = await withOneRunningAndOneQueued();
    under.core.engine.keepsPlace = () => true;
    const before = under.core.steps({}).map(({ id }) => id);
    const { record: second } = under.attach();
    expect(under.core.unfinishedBefore(second.id)).toBe(2);

    const specs = ['a', 'b'].map((name) =>
      stepSpec(under.directory, name, `echo ${name} >> started; ${untilGo}`, { ref: `${name}-again.1` }),
    );
    expect(outcomes(await under.submit(second.id, specs, true))).toEqual(['adopted', 'adopted']);
    writeFileSync(join(under.directory, 'go'), '');
    for (const ref of ['a-again.1', 'b-again.1']) expect((await under.endOf(ref)).state).toBe('succeeded');
    expect(under.core.steps({}).map(({ id }) => id)).toEqual(before);
    expect(readFileSync(join(under.directory, 'started'), 'utf8')).toBe('a\nb\n');
  });

  it('has what kept its place cancelled when the next one is over and has not asked for it', async () => {
    const { under } = await withOneRunningAndOneQueued();
    under.core.engine.keepsPlace = () => true;
    const { record: second } = under.attach();
    const other = stepSpec(under.directory, 'c', 'true');
    await under.submit(second.id, [other]);
    await under.eventsUntil(({ ref, state }) => ref === 'c.1' && state === 'queued');
    under.core.closeSession(second.id);
    expect((await under.endOf('b.1')).state).toBe('cancelled');
    // Its own are for the next run to ask for, and what runs goes on.
    const states = under.core.steps({}).map(({ spec, state }) => `${spec.label} ${state}`);
    expect(states.toSorted()).toEqual(['a running', 'b cancelled', 'c queued']);
  });

  it('starts nothing more, but what runs goes on to its end', async () => {
    const { under } = await withOneRunningAndOneQueued();
    writeFileSync(join(under.directory, 'go'), '');
    expect((await under.endOf('a.1')).state).toBe('succeeded');
    await eventually(() => under.core.runningCount === 0, 'the core to have nothing to do');
    expect(readFileSync(join(under.directory, 'started'), 'utf8')).toBe('a\n');
  });

  it('goes on with all of its steps when it comes back', async () => {
    const { under, first } = await withOneRunningAndOneQueued();
    under.attach({ resume: first });
    writeFileSync(join(under.directory, 'go'), '');
    for (const ref of ['a.1', 'b.1']) expect((await under.endOf(ref)).state).toBe('succeeded');
  });

  it('leaves a success to be adopted, but not a failure', async () => {
    const under = await CoreUnderTest.open();
    const { record: first } = under.attach();
    const good = stepSpec(under.directory, 'good', 'echo good >> ran');
    const bad = stepSpec(under.directory, 'bad', 'echo bad >> ran; exit 1');
    await under.submit(first.id, [good, bad]);
    await under.endOf('good.1');
    await under.endOf('bad.1');
    under.core.closeSession(first.id);

    const { record: second } = under.attach();
    const again = [good, bad].map((spec) => ({ ...spec, ref: `again-${spec.ref}` }));
    expect(outcomes(await under.submit(second.id, again))).toEqual(['adopted', 'accepted']);
    expect((await under.endOf('again-good.1')).state).toBe('succeeded');
    await under.endOf('again-bad.1');
    expect(readFileSync(join(under.directory, 'ran'), 'utf8').split('\n').toSorted()).toEqual([
      '',
      'bad',
      'bad',
      'good',
    ]);
    under.core.heard(second.id, under.core.lastSeq);
    expect(under.store.untold()).toEqual([]);
    expect(under.held).toBe(0);
  });

  it('leaves its environment to a step whose services are not ready yet', async () => {
    const under = await CoreUnderTest.open();
    const { record } = under.attach({ environment: { PATH: process.env['PATH'] ?? '', GREETING: 'hello' } });
    const service: ServiceSpec = {
      name: 'db',
      command: ['/bin/sh', '-c', `touch serving; ${untilGo}; touch ready; sleep 600`],
      port: 0,
      ready: { kind: 'file', path: join(under.directory, 'ready') },
      replicas: 1,
      startTimeoutMs: patienceMs,
    };
    await under.submit(record.id, [stepSpec(under.directory, 'a', 'echo $GREETING > said', { services: [service] })]);
    await eventually(() => existsSync(join(under.directory, 'serving')), 'the service');
    under.core.closeSession(record.id);
    writeFileSync(join(under.directory, 'go'), '');
    expect((await under.endOf('a.1')).state).toBe('succeeded');
    expect(readFileSync(join(under.directory, 'said'), 'utf8')).toBe('hello\n');
  });
});

describe('the events of a session', { timeout }, () => {
  async function collect(pages: AsyncIterable<readonly StepEvent[]>): Promise<StepEvent[]> {
    const all: StepEvent[] = [];
    for await (const page of pages) all.push(...page);
    return all;
  }

  it('come to an end with the session, the last one included', async () => {
    const under = await CoreUnderTest.open();
    const { record } = under.attach();
    const seen = collect(under.core.eventsOf(record.id, 0, new AbortController().signal));
    await under.submit(record.id, [stepSpec(under.directory, 'a', 'true')]);
    await under.endOf('a.1');
    under.core.closeSession(record.id);
    expect((await seen).at(-1)).toMatchObject({ ref: 'a.1', state: 'succeeded' });
  });

  it('come to an end when the session falls silent, so that a front end that lives can come back', async () => {
    const under = await CoreUnderTest.open();
    const { record } = under.attach();
    const seen = collect(under.core.eventsOf(record.id, 0, new AbortController().signal));
    under.aheadMs += 60_000;
    under.core.expireSession();
    expect(await seen).toEqual([]);
    expect(under.attach({ resume: record.id }).record.id).toBe(record.id);
  });

  it('can be read on after any of them: none is missing, none comes twice, none is of another session', async () => {
    const under = await CoreUnderTest.open();
    const { record: first } = under.attach();
    await under.submit(first.id, [stepSpec(under.directory, 'other', 'true')]);
    await under.endOf('other.1');
    under.core.closeSession(first.id);

    const { record } = under.attach();
    const count = 60;
    const ended = under.eventsUntil(
      (_event, all) => all.filter(({ ref, state }) => ref !== 'other.1' && isEnd(state)).length === count,
    );
    // Breaks off after every few events while more are written.
    const broken = (async () => {
      const seen: StepEvent[] = [];
      const isComplete = (): boolean => seen.filter(({ state }) => isEnd(state)).length === count;
      while (!isComplete()) {
        const stop = new AbortController();
        let left = 3;
        for await (const page of under.core.eventsOf(record.id, seen.at(-1)?.seq ?? 0, stop.signal)) {
          for (const event of page.slice(0, left)) seen.push(event);
          left -= page.length;
          if (left > 0 && !isComplete()) continue;
          stop.abort();
          break;
        }
      }
      return seen;
    })();
    await under.submit(
      record.id,
      Array.from({ length: count }, (_, n) => stepSpec(under.directory, `s${n}`, 'true')),
    );
    await ended;
    const whole = under.store.events(0, { session: record.id });
    const seen = await broken;
    expect(seen).toEqual(whole.slice(0, seen.length));
    expect(seen.filter(({ state }) => isEnd(state))).toHaveLength(count);
    expect(new Set(whole.map(({ session }) => session))).toEqual(new Set([record.id]));
  });
});
