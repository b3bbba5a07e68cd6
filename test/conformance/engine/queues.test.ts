import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { WorkOrder } from '../../../src/ports/engine.ts';
import { Harness, oneCpu, overEngines, queue } from './harness.ts';

/** Runs until the file `go` is there. */
const untilGo = 'until [ -e go ]; do sleep 0.02; done';

overEngines('queues', (eachCase) => {
  eachCase('start by priority', async (subject) => {
    const harness = await Harness.open(subject, [queue('default', 1)]);
    const first = harness.order(untilGo);
    harness.engine.launch([first]);
    await harness.reached(first.id, 'running');
    const patient = harness.order('echo patient >> trace');
    const urgent = harness.order('echo urgent >> trace', subject.urgent(harness.place));
    harness.engine.launch([patient, urgent]);
    const waits = ({ id }: WorkOrder) => harness.engine.whyQueued(id)?.match(/^waits for .*\bcpu\b/) != null;
    await harness.until(() => waits(patient) && waits(urgent), 'both to wait for cpu');
    writeFileSync(join(harness.directory, 'go'), '');
    await Promise.all([patient, urgent].map(({ id }) => harness.end(id)));
    expect(readFileSync(join(harness.directory, 'trace'), 'utf8')).toBe('urgent\npatient\n');
  });

  eachCase(
    'start by priority, then in order, what comes at once',
    async (subject) => {
      const harness = await Harness.open(subject, [queue('default', 1)]);
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
    },
    'order-within-a-second',
  );

  eachCase('never exceed their quota, and use it', async (subject) => {
    const harness = await Harness.open(subject, [queue('default', 3)]);
    // The first one goes on until another one has begun: both fit.
    const command = 'echo + >> trace; until [ "$(grep -c + trace)" -gt 1 ]; do sleep 0.02; done; echo - >> trace';
    const orders = Array.from({ length: subject.manySteps }, (_none, index) =>
      harness.order(command, { resources: { cpuMillis: index % 4 === 0 ? 2 * oneCpu : oneCpu, custom: {} } }),
    );
    harness.engine.launch(orders);
    await Promise.all(orders.map(({ id }) => harness.end(id)));
    const most = mostAtOnce(harness);
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(3);
  });

  eachCase(
    'never exceed a quota of something else',
    async (subject) => {
      const harness = await Harness.open(subject, [queue('default', 8, { custom: { licence: 2 } })]);
      const command = 'echo + >> trace; sleep 0.0$((RANDOM % 9)); echo - >> trace';
      const orders = Array.from({ length: subject.manySteps }, () =>
        harness.order(command, { resources: { cpuMillis: 0, custom: { licence: 1 } } }),
      );
      harness.engine.launch(orders);
      await Promise.all(orders.map(({ id }) => harness.end(id)));
      expect(mostAtOnce(harness)).toBe(2);
    },
    'counts-anything',
  );

  eachCase('say why a step waits, and its position', async (subject) => {
    const harness = await Harness.open(subject, [queue('default', 4)]);
    const first = harness.order(untilGo, { resources: { cpuMillis: 4 * oneCpu, custom: {} } });
    const second = harness.order('true', { resources: { cpuMillis: 2 * oneCpu, custom: {} } });
    const third = harness.order('true', { resources: { cpuMillis: 2 * oneCpu, custom: {} } });
    harness.engine.launch([first]);
    await harness.reached(first.id, 'running');
    harness.engine.launch([second, third]);
    for (const { id } of [second, third]) await harness.reached(id, 'queued');
    const waits = ({ id }: WorkOrder) =>
      harness.engine.whyQueued(id)?.match(/^waits for .*\b200m (more )?cpu\b/) != null;
    // Of two that ask for the same Kueue looks at one, which is an answer for both.
    await harness.until(() => waits(second) || waits(third), 'one to wait for cpu');
    for (const { id } of [second, third]) expect(harness.engine.whyQueued(id)).toMatch(/^waits /);
    const whys = await Promise.all([second, third].map(({ id }) => harness.engine.whyQueuedNow(id)));
    // Who is first of two that came at once is not every engine's to say.
    expect(whys.map((why) => /; position \d/.exec(why ?? '')?.[0] ?? '').toSorted()).toEqual([
      '; position 1',
      '; position 2',
    ]);
    expect(harness.engine.whyQueued(first.id)).toBeUndefined();
    harness.engine.cancel([first.id]);
    await harness.end(third.id);
    const states = harness.statesOf(third.id);
    expect([states[0], states.at(-1)]).toEqual(['queued', 'succeeded']);
    expect(harness.engine.whyQueued(third.id)).toBeUndefined();
  });

  eachCase('start nothing new while held, and let run what runs', async (subject) => {
    const harness = await Harness.open(subject);
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
    expect(new Set(harness.statesOf(waiting.id))).toEqual(new Set(['queued']));
    harness.engine.hold(false);
    expect(await harness.end(waiting.id)).toMatchObject({ state: 'succeeded' });
  });

  eachCase('refuse what can never fit, with the reason', async (subject) => {
    const harness = await Harness.open(subject, [queue('default', 2), queue('big', 8)]);
    const stated = harness.order('true', {
      resources: { cpuMillis: oneCpu, memoryBytes: { value: 2 ** 40, stated: true }, custom: {} },
    });
    expect(harness.engine.check(stated)).toMatchObject({
      code: 'never-fits',
      message: expect.stringMatching(/ memory of 4Gi/),
    });
    const wide = harness.order('true', { resources: { cpuMillis: 4 * oneCpu, custom: {} } });
    expect(harness.engine.check(wide)).toMatchObject({ code: 'never-fits' });
    expect(harness.engine.check({ ...wide, queue: 'big' })).toBeUndefined();
    const licence = harness.order('true', { resources: { cpuMillis: 0, custom: { 'example.com/licence': 1 } } });
    expect(harness.engine.check(licence)).toMatchObject({
      code: 'never-fits',
      message: expect.stringContaining('licence'),
    });
    // A default is a hint.
    const hint = harness.order('true', {
      resources: { cpuMillis: oneCpu, memoryBytes: { value: 2 ** 40, stated: false }, custom: {} },
    });
    expect(harness.engine.check(hint)).toBeUndefined();
    expect(await harness.run(hint)).toMatchObject({ state: 'succeeded' });
    expect(await harness.run(wide)).toMatchObject({ state: 'failed', failure: { class: 'never-admissible' } });
  });

  eachCase('that do not exist are refused with a list of those that do', async (subject) => {
    const harness = await Harness.open(subject, [queue('default', 2), queue('big', 8)]);
    const order = harness.order('true', { queue: 'nowhere' });
    expect(harness.engine.check(order)).toMatchObject({
      code: 'queue-unknown',
      message: expect.stringMatching(/default, big|big, default/),
      hint: harness.engine.capabilities.queueHints.unknown,
    });
    expect(
      harness.engine
        .queues()
        .map(({ name }) => name)
        .toSorted(),
    ).toEqual(['big', 'default']);
  });

  eachCase(
    'give each gpu to one step at a time',
    async (subject) => {
      const harness = await Harness.open(subject, [queue('default', 8, { gpu: 2 })]);
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
    },
    'gpu-devices',
  );
});

/** Of steps that wrote `+` when they began, and `-` when they ended. */
function mostAtOnce(harness: Harness): number {
  let running = 0;
  let most = 0;
  for (const line of readFileSync(join(harness.directory, 'trace'), 'utf8').trim().split('\n')) {
    running += line === '+' ? 1 : -1;
    most = Math.max(most, running);
  }
  expect(running).toBe(0);
  return most;
}
