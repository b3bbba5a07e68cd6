import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { eachEngine, Harness, queue } from './harness.ts';

/** Says when it began and when it ended; runs until the file `go` is there. */
const untilGo =
  'echo "+$KONVERGE_STEP_ID" >> trace; until [ -e go ]; do sleep 0.02; done; echo "-$KONVERGE_STEP_ID" >> trace';

describe('queues', () => {
  eachEngine('start by priority, then in order', async (subject) => {
    const harness = Harness.open(subject, [queue('default', 1)]);
    const orders = [
      harness.order('echo a >> trace', { priority: 0 }),
      harness.order('echo b >> trace', { priority: 0 }),
      harness.order('echo c >> trace', { priority: 5 }),
      harness.order('echo d >> trace', { priority: 5 }),
    ];
    harness.engine.hold(true);
    harness.engine.launch(orders);
    harness.engine.hold(false);
    await Promise.all(orders.map(({ id }) => harness.end(id)));
    expect(readFileSync(join(harness.directory, 'trace'), 'utf8')).toBe('c\nd\na\nb\n');
  });

  eachEngine('never exceed their quota, and use it', async (subject) => {
    const harness = Harness.open(subject, [queue('default', 3, { custom: { licence: 2 } })]);
    const command = 'echo + >> trace; sleep 0.0$((RANDOM % 9)); echo - >> trace';
    const orders = Array.from({ length: 40 }, (_none, index) =>
      harness.order(command, {
        resources: { cpuMillis: index % 4 === 0 ? 2000 : 1000, custom: index % 2 ? { licence: 1 } : {} },
      }),
    );
    harness.engine.launch(orders);
    await Promise.all(orders.map(({ id }) => harness.end(id)));
    let running = 0;
    let most = 0;
    for (const line of readFileSync(join(harness.directory, 'trace'), 'utf8').trim().split('\n')) {
      running += line === '+' ? 1 : -1;
      most = Math.max(most, running);
    }
    expect(running).toBe(0);
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(3);
  });

  eachEngine('say why a step waits, and its position', async (subject) => {
    const harness = Harness.open(subject, [queue('default', 4)]);
    const first = harness.order(untilGo, { resources: { cpuMillis: 4000, custom: {} } });
    const second = harness.order('true', { resources: { cpuMillis: 2000, custom: {} } });
    const third = harness.order('true', { resources: { cpuMillis: 2000, custom: {} } });
    harness.engine.launch([first, second, third]);
    await harness.reached(third.id, 'queued');
    expect(harness.engine.whyQueued(third.id)).toBe('waits for 2 cpu in queue default: 4 of 4 in use; position 2');
    expect(harness.observed.find(({ step }) => step === second.id)).toMatchObject({
      state: 'queued',
      reason: 'waits for 2 cpu in queue default: 4 of 4 in use; position 1',
    });
    await harness.reached(first.id, 'running');
    expect(harness.engine.whyQueued(first.id)).toBeUndefined();
    harness.engine.cancel([first.id]);
    await harness.end(third.id);
    expect(harness.statesOf(third.id)).toEqual(['queued', 'running', 'succeeded']);
  });

  eachEngine('start nothing new while held, and let run what runs', async (subject) => {
    const harness = Harness.open(subject);
    const running = harness.order(untilGo);
    harness.engine.launch([running]);
    await harness.reached(running.id, 'running');
    harness.engine.hold(true);
    const waiting = harness.order('true');
    harness.engine.launch([waiting]);
    await harness.reached(waiting.id, 'queued');
    expect(harness.engine.whyQueued(waiting.id)).toContain('no session');
    // The engine stands still for new steps while this one ends.
    harness.engine.cancel([running.id]);
    await harness.end(running.id);
    expect(harness.statesOf(waiting.id)).toEqual(['queued']);
    harness.engine.hold(false);
    expect(await harness.end(waiting.id)).toMatchObject({ state: 'succeeded' });
  });

  eachEngine('refuse what can never fit, with the reason', async (subject) => {
    const harness = Harness.open(subject, [queue('default', 2), queue('big', 8)]);
    const stated = harness.order('true', {
      resources: { cpuMillis: 1000, memoryBytes: { value: 2 ** 40, stated: true }, custom: {} },
    });
    expect(harness.engine.check(stated)).toMatchObject({
      code: 'never-fits',
      message: expect.stringContaining('1Ti memory of 4Gi'),
    });
    const wide = harness.order('true', { resources: { cpuMillis: 4000, custom: {} } });
    expect(harness.engine.check(wide)).toMatchObject({ code: 'never-fits' });
    expect(harness.engine.check({ ...wide, queue: 'big' })).toBeUndefined();
    const licence = harness.order('true', { resources: { cpuMillis: 0, custom: { licence: 1 } } });
    expect(harness.engine.check(licence)).toMatchObject({
      code: 'never-fits',
      message: expect.stringContaining('licence'),
    });
    // A default is a hint.
    const hint = harness.order('true', {
      resources: { cpuMillis: 1000, memoryBytes: { value: 2 ** 40, stated: false }, custom: {} },
    });
    expect(harness.engine.check(hint)).toBeUndefined();
    expect(await harness.run(hint)).toMatchObject({ state: 'succeeded' });
    expect(await harness.run(wide)).toMatchObject({ state: 'failed', failure: { class: 'never-admissible' } });
  });

  eachEngine('that do not exist are refused with a list of those that do', async (subject) => {
    const harness = Harness.open(subject, [queue('default', 2), queue('big', 8)]);
    const order = harness.order('true', { queue: 'nowhere' });
    expect(harness.engine.check(order)).toMatchObject({
      code: 'queue-unknown',
      message: expect.stringContaining('default, big'),
    });
    expect(harness.engine.queues().map(({ name }) => name)).toEqual(['default', 'big']);
  });

  eachEngine('give each gpu to one step at a time', async (subject) => {
    const harness = Harness.open(subject, [queue('default', 8, { gpu: 2 })]);
    const gpu = { cpuMillis: 0, gpu: { count: 1 }, custom: {} };
    const orders = Array.from({ length: 8 }, () =>
      harness.order('mkdir "gpu-$CUDA_VISIBLE_DEVICES" && sleep 0.05 && rmdir "gpu-$CUDA_VISIBLE_DEVICES"', {
        resources: gpu,
      }),
    );
    harness.engine.launch(orders);
    for (const { id } of orders) expect(await harness.end(id)).toMatchObject({ state: 'succeeded' });
    const both = harness.order('echo $CUDA_VISIBLE_DEVICES', { resources: { ...gpu, gpu: { count: 2 } } });
    await harness.run(both);
    expect(await harness.log(both.id)).toBe('0,1\n');
    const none = harness.order('echo "${CUDA_VISIBLE_DEVICES-unset}"');
    await harness.run(none);
    expect(await harness.log(none.id)).toBe('unset\n');
  });
});
