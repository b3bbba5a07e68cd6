import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { endlessSleep, eventually, Harness, overEngines, queue } from './harness.ts';

const memory = (mebibytes: number, stated: boolean) => ({ value: mebibytes * 2 ** 20, stated });
/** Fills memory page by page, and never ends by itself. */
const devour = 'x=$(head -c 400000000 /dev/zero | tr "\\0" a); sleep 1000';

overEngines('the end of a step', (eachCase) => {
  eachCase('comes by cancellation while it waits', async (subject) => {
    const harness = await Harness.open(subject, [queue('default', 1)]);
    const running = harness.order('sleep 1000');
    const waiting = harness.order('touch ran');
    harness.engine.launch([running, waiting]);
    await harness.reached(waiting.id, 'queued');
    harness.engine.cancel([waiting.id]);
    expect(await harness.end(waiting.id)).toMatchObject({ state: 'cancelled', failure: { class: 'cancelled' } });
    harness.engine.cancel([running.id]);
    await harness.end(running.id);
    await harness.run(harness.order('true'));
    expect(existsSync(join(harness.directory, 'ran'))).toBe(false);
    // Unknown and ended ones are ignored.
    harness.engine.cancel([running.id, waiting.id, harness.order('').id]);
  });

  eachCase('comes by cancellation to a step that cleans up at SIGTERM', async (subject) => {
    const harness = await Harness.open(subject);
    const order = harness.order("trap 'echo clean; exit 0' TERM; echo ready; sleep 1000 & wait");
    harness.engine.launch([order]);
    await harness.printed(order.id, 'ready\n');
    harness.engine.cancel([order.id]);
    expect(await harness.end(order.id)).toMatchObject({ state: 'cancelled' });
    expect(await harness.log(order.id)).toBe('ready\nclean\n');
  });

  eachCase('comes by cancellation to a step that ignores SIGTERM, with all its children', async (subject) => {
    const harness = await Harness.open(subject);
    const sleep = endlessSleep();
    const order = harness.order(
      `trap '' TERM; ${sleep.command} & setsid ${sleep.command} & ${sleep.command}; ${sleep.command}`,
    );
    harness.engine.launch([order]);
    await eventually(() => sleep.running() === 3, 'the step with its children');
    harness.engine.cancel([order.id]);
    expect(await harness.end(order.id)).toMatchObject({ state: 'cancelled', failure: { class: 'cancelled' } });
    expect(sleep.running()).toBe(0);
  });

  eachCase('leaves no daemon behind', async (subject) => {
    const harness = await Harness.open(subject);
    const sleep = endlessSleep();
    const daemon = `setsid sh -c 'touch daemon; exec ${sleep.command}' < /dev/null > /dev/null 2>&1 &`;
    const order = harness.order(`(${daemon}) & until [ -e daemon ]; do sleep 0.01; done; exit 0`);
    expect(await harness.run(order)).toMatchObject({ state: 'succeeded' });
    expect(sleep.running()).toBe(0);
  });

  eachCase(
    'leaves no daemon behind that wipes its environment',
    async (subject) => {
      const harness = await Harness.open(subject);
      const sleep = endlessSleep();
      const order = harness.order(
        `(setsid env -i sh -c 'touch daemon; exec ${sleep.command}' &) & until [ -e daemon ]; do sleep 0.01; done; exit 5`,
      );
      expect(await harness.run(order)).toMatchObject({ failure: { exitCode: 5 } });
      expect(sleep.running()).toBe(0);
    },
    'environment-wipe',
  );

  eachCase('waits for what still writes', async (subject) => {
    const harness = await Harness.open(subject);
    // The shell does not wait for its process substitution.
    const order = harness.order('echo text > >(sleep 0.3; cat > out)');
    expect(await harness.run(order)).toMatchObject({ state: 'succeeded' });
    expect(readFileSync(join(harness.directory, 'out'), 'utf8')).toBe('text\n');
  });

  eachCase('comes when its runtime is over, if that was stated', async (subject) => {
    const harness = await Harness.open(subject);
    const order = harness.order("trap '' TERM; sleep 1000; sleep 1000", {
      resources: { cpuMillis: 0, runtimeMs: { value: 1000, stated: true }, custom: {} },
    });
    expect(await harness.run(order)).toMatchObject({
      state: 'failed',
      failure: { class: 'timeout', message: expect.stringContaining(' 1 s') },
    });
    const hint = harness.order('sleep 1.2', {
      resources: { cpuMillis: 0, runtimeMs: { value: 1000, stated: false }, custom: {} },
    });
    expect(await harness.run(hint)).toMatchObject({ state: 'succeeded' });
  });

  eachCase(
    'comes when its memory is more than was stated',
    async (subject) => {
      const harness = await Harness.open(subject);
      const order = harness.order(devour, { resources: { cpuMillis: 0, memoryBytes: memory(64, true), custom: {} } });
      expect(await harness.run(order)).toMatchObject({
        state: 'failed',
        failure: { class: 'out-of-memory', message: expect.stringContaining('64Mi') },
      });
      const modest = harness.order('true', { resources: { cpuMillis: 0, memoryBytes: memory(64, true), custom: {} } });
      expect(await harness.run(modest)).toMatchObject({ state: 'succeeded' });
    },
    'memory-limit',
  );

  eachCase('does not come by a limit that nobody stated', async (subject) => {
    const harness = await Harness.open(subject);
    const order = harness.order('x=$(head -c 100000000 /dev/zero | tr "\\0" a); sleep 0.4; echo ${#x}', {
      resources: { cpuMillis: 0, memoryBytes: memory(16, false), custom: {} },
    });
    expect(await harness.run(order)).toMatchObject({ state: 'succeeded' });
  });
});
