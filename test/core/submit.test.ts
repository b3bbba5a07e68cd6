import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { StepId } from '../../src/domain/brand.ts';
import { KonvergeError } from '../../src/domain/error.ts';
import { isEnd } from '../../src/domain/state.ts';
import { CoreUnderTest, eventually, outcomes, patienceMs, queue } from './harness.ts';
import { stepSpec, stubborn, watchful } from './step.ts';

const timeout = 4 * patienceMs;

describe('a batch of steps', { timeout }, () => {
  it('runs, is told in order, and is then forgotten', async () => {
    const under = await CoreUnderTest.open();
    const { directory, core } = under;
    const { record: session } = under.attach();
    const specs = ['a', 'b', 'c'].map((name) => stepSpec(directory, name, `echo ${name} >> order`));
    const results = await under.submit(session.id, specs);
    expect(outcomes(results)).toEqual(['accepted', 'accepted', 'accepted']);

    const events = await under.eventsUntil((_event, all) => all.filter(({ state }) => isEnd(state)).length === 3);
    expect(events.map(({ seq }) => seq)).toEqual(events.map(({ seq }) => seq).toSorted((a, b) => a - b));
    for (const { ref } of specs) {
      const states = events.filter((event) => event.ref === ref).map(({ state }) => state);
      // A short step may be seen first when it has ended, so states may be left out, but never come twice or backwards.
      expect(states.at(-1)).toBe('succeeded');
      expect(['queued', 'running', 'succeeded'].filter((state) => states.includes(state as never))).toEqual(states);
    }
    expect(readFileSync(join(directory, 'order'), 'utf8').split('\n').toSorted()).toEqual(['', 'a', 'b', 'c']);

    const ends = events.filter(({ state }) => isEnd(state));
    expect(under.held).toBe(3);
    core.heard(session.id, ends[1]?.seq);
    expect(under.store.untold().map(({ id }) => id)).toEqual([ends[2]?.step]);
    expect(under.held).toBe(1);
    core.heard(session.id, ends[2]?.seq);
    expect(under.store.untold()).toEqual([]);
    expect(under.held).toBe(0);
  });

  it('that comes twice runs once', async () => {
    const under = await CoreUnderTest.open();
    const { record: session } = under.attach();
    const spec = stepSpec(
      under.directory,
      'a',
      'echo once >> count; until [ -e go ] || [ ! -d $PWD ]; do sleep 0.02; done',
    );
    const [first] = await under.submit(session.id, [spec]);
    const [second] = await under.submit(session.id, [spec]);
    expect([first?.outcome, second?.outcome]).toEqual(['accepted', 'adopted']);
    expect(second).toMatchObject({ record: { id: (first as { record: { id: StepId } }).record.id } });
    writeFileSync(join(under.directory, 'go'), '');
    expect((await under.endOf('a.1')).state).toBe('succeeded');
    // Also when its sender, unsure whether it had arrived, sends it after its end.
    expect(outcomes(await under.submit(session.id, [spec]))).toEqual(['adopted']);
    expect(readFileSync(join(under.directory, 'count'), 'utf8')).toBe('once\n');
  });

  it('is told its failure again, and not tried again, when the same request comes twice', async () => {
    const under = await CoreUnderTest.open();
    const { record: session } = under.attach();
    const spec = stepSpec(under.directory, 'a', 'echo once >> count; exit 3');
    await under.submit(session.id, [spec]);
    const end = await under.endOf('a.1');
    expect(outcomes(await under.submit(session.id, [spec]))).toEqual(['adopted']);
    expect(await under.endOf('a.1', end.seq)).toMatchObject({ state: 'failed', failure: { exitCode: 3 } });
    expect(readFileSync(join(under.directory, 'count'), 'utf8')).toBe('once\n');
  });

  it('takes attempt 2 after a failed attempt 1, told or not', async () => {
    const under = await CoreUnderTest.open();
    const { record: session } = under.attach();
    const command = 'echo x >> count; [ $(wc -l < count) -ge 3 ]';
    const ids: string[] = [];
    for (const attempt of [1, 2, 3]) {
      const [result] = await under.submit(session.id, [stepSpec(under.directory, 'a', command, { attempt })]);
      expect(result).toMatchObject({ outcome: 'accepted', record: { generation: attempt } });
      const end = await under.endOf(`a.${attempt}`);
      expect(end.state).toBe(attempt < 3 ? 'failed' : 'succeeded');
      ids.push(end.step);
      if (attempt === 2) under.core.heard(session.id, end.seq);
    }
    expect(new Set(ids).size).toBe(3);
    under.core.heard(session.id, under.core.lastSeq);
    expect(under.held).toBe(0);
  });

  it('refuses two steps with the same outputs, in flight or in one batch', async () => {
    const under = await CoreUnderTest.open();
    const { record: session } = under.attach();
    const waits = stepSpec(under.directory, 'a', 'until [ -e go ] || [ ! -d $PWD ]; do sleep 0.02; done');
    const other = { ...waits, ref: 'other.1', execution: { ...stepSpec(under.directory, 'a', 'true').execution } };
    await under.submit(session.id, [waits]);
    expect(outcomes(await under.submit(session.id, [other]))).toEqual(['step-claimed']);
    expect(outcomes(await under.submit(session.id, [{ ...waits, ref: 'third.1' }]))).toEqual(['step-claimed']);
    const twice = [
      stepSpec(under.directory, 'b', 'true'),
      stepSpec(under.directory, 'b', 'true', { ref: 'b-again.1' }),
    ];
    expect(outcomes(await under.submit(session.id, twice))).toEqual(['accepted', 'step-claimed']);
    writeFileSync(join(under.directory, 'go'), '');
    expect((await under.endOf('a.1')).state).toBe('succeeded');
  });

  it('refuses what cannot be read or can never run, alone', async () => {
    const under = await CoreUnderTest.open({ queues: [queue('default', 2)] });
    const { record: session } = under.attach();
    const items = [
      { ref: 'x.1', error: new KonvergeError('request-invalid', 'step.rule: missing') },
      ...[
        stepSpec(under.directory, 'a', 'true', { resources: { cpuMillis: 3000, custom: {} } }),
        stepSpec(under.directory, 'b', 'true', { queue: 'none' }),
        stepSpec(under.directory, 'c', 'true', { operator: 'slurm' }),
        stepSpec(under.directory, 'd', 'true'),
      ].map((spec) => ({ ref: spec.ref, spec })),
    ];
    const results = await under.core.submit(session.id, items, { adoptOnly: false });
    expect(outcomes(results)).toEqual([
      'request-invalid',
      'never-fits',
      'queue-unknown',
      'operator-unknown',
      'accepted',
    ]);
    expect((await under.endOf('d.1')).state).toBe('succeeded');
    expect(under.store.steps()).toHaveLength(1);
  });
});

describe('a changed request', { timeout }, () => {
  /** The outputs of `a` are made by a process of an earlier session that does not want to end. */
  async function withStubborn(): Promise<CoreUnderTest> {
    const under = await CoreUnderTest.open();
    const first = under.attach();
    await under.submit(first.record.id, [stepSpec(under.directory, 'a', stubborn)]);
    await eventually(() => existsSync(join(under.directory, 'old.pid')), 'the old process');
    under.core.closeSession(first.record.id);
    return under;
  }

  it('ends the old process before the new one starts', async () => {
    const under = await withStubborn();
    const { directory } = under;
    const { record: session } = under.attach();
    const changed = stepSpec(directory, 'a', watchful, { ref: 'a-new.1' });
    expect(outcomes(await under.submit(session.id, [changed]))).toEqual(['accepted']);
    expect((await under.endOf('a-new.1')).state).toBe('succeeded');
    expect(existsSync(join(directory, 'done'))).toBe(true);
    expect(existsSync(join(directory, 'overlap'))).toBe(false);
    // Nobody will ask for the old one any more.
    under.core.heard(session.id, under.core.lastSeq);
    expect(under.held).toBe(0);
  });

  it('ends the old process when only adoption is asked for, and stores nothing', async () => {
    const under = await withStubborn();
    const { record: session } = under.attach();
    const changed = stepSpec(under.directory, 'a', watchful);
    expect(outcomes(await under.submit(session.id, [changed], true))).toEqual(['unknown']);
    expect(under.core.runningCount).toBe(0);
    expect(under.store.steps()).toHaveLength(1);
  });

  it('ends nothing when it is refused itself', async () => {
    const under = await withStubborn();
    const { record: session } = under.attach();
    const refused = stepSpec(under.directory, 'a', watchful, { queue: 'none' });
    expect(outcomes(await under.submit(session.id, [refused]))).toEqual(['queue-unknown']);
    expect(under.core.runningCount).toBe(1);
  });

  it('may come twice while the old process is awaited', async () => {
    const under = await withStubborn();
    const { record: session } = under.attach();
    const changed = stepSpec(under.directory, 'a', `${watchful}; echo once >> count`, { ref: 'a-new.1' });
    const both = await Promise.all([under.submit(session.id, [changed]), under.submit(session.id, [changed])]);
    expect(both.flatMap(outcomes).toSorted()).toEqual(['accepted', 'adopted']);
    expect((await under.endOf('a-new.1')).state).toBe('succeeded');
    expect(readFileSync(join(under.directory, 'count'), 'utf8')).toBe('once\n');
  });

  it('is not taken when its session has been closed while the old process was awaited', async () => {
    const under = await withStubborn();
    const { record: session } = under.attach();
    const waiting = under.submit(session.id, [stepSpec(under.directory, 'a', watchful)]);
    under.core.closeSession(session.id);
    await expect(waiting).rejects.toMatchObject({ code: 'not-found' });
    expect(under.core.runningCount).toBe(0);
    expect(under.store.steps()).toHaveLength(1);
  });

  it('never starts when everything was cancelled while the old process was awaited', async () => {
    const under = await withStubborn();
    const { record: session } = under.attach();
    const waiting = under.submit(session.id, [stepSpec(under.directory, 'a', watchful, { ref: 'a-new.1' })]);
    await under.core.cancel({ session: session.id }, AbortSignal.abort());
    expect(outcomes(await waiting)).toEqual(['accepted']);
    expect((await under.endOf('a-new.1')).state).toBe('cancelled');
    expect(under.core.runningCount).toBe(0);
    expect(existsSync(join(under.directory, 'done'))).toBe(false);
  });
});

describe('a cancellation', { timeout }, () => {
  it('says how many it was asked to end and how many are not yet gone', async () => {
    const under = await CoreUnderTest.open({ queues: [queue('default', 1)] });
    const { record: session } = under.attach();
    const names = ['a', 'b', 'c'];
    const results = await under.submit(
      session.id,
      names.map((name) => stepSpec(under.directory, name, stubborn)),
    );
    await eventually(() => existsSync(join(under.directory, 'old.pid')), 'the first process');
    const ids = results.map((result) => (result as { record: { id: StepId } }).record.id);
    expect(await under.core.cancel({ steps: ids }, AbortSignal.abort())).toEqual({ cancelled: 3, stillRunning: 3 });
    expect((await under.core.cancel({ session: session.id }, AbortSignal.timeout(patienceMs))).stillRunning).toBe(0);
    expect(await under.core.cancel({ steps: ids }, AbortSignal.timeout(patienceMs))).toEqual({
      cancelled: 0,
      stillRunning: 0,
    });
    for (const name of names) expect((await under.endOf(`${name}.1`)).state).toBe('cancelled');
  });
});
