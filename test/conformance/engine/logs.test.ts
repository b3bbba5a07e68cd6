import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'vitest';
import type { StepId } from '../../../src/domain/brand.ts';
import type { LogOptions } from '../../../src/ports/engine.ts';
import { eventually, Harness, oneCpu, overEngines, queue } from './harness.ts';

/** Reads on in the background. */
function reader(harness: Harness, id: StepId, options: Partial<LogOptions> = {}) {
  const read = { text: '', over: false };
  const done = (async () => {
    for await (const chunk of harness.engine.logs(id, { stream: 'stdout', follow: true, ...options })) {
      read.text += Buffer.from(chunk).toString();
    }
    read.over = true;
  })();
  return { read, done };
}

overEngines('logs', (eachCase) => {
  eachCase('are followed from before the start to the end of the step', async (subject) => {
    const harness = await Harness.open(subject, [queue('default', 1)]);
    const blocker = harness.order('until [ -e one ]; do sleep 0.02; done');
    const order = harness.order('echo first; until [ -e two ]; do sleep 0.02; done; echo second', {
      resources: { cpuMillis: oneCpu, custom: {} },
    });
    const touch = (file: string) => writeFileSync(join(harness.directory, file), '');
    harness.engine.launch([blocker, order]);
    await harness.reached(order.id, 'queued');
    const { read, done } = reader(harness, order.id);
    touch('one');
    await eventually(() => read.text === 'first\n', 'the first line');
    expect(read.over).toBe(false);
    touch('two');
    await done;
    expect(read.text).toBe('first\nsecond\n');
  });

  eachCase(
    'hold every byte of a large output, also from an offset',
    async (subject) => {
      const harness = await Harness.open(subject);
      const order = harness.order('seq 1 200000; printf end');
      harness.engine.launch([order]);
      const { read, done } = reader(harness, order.id);
      await done;
      const expected = `${Array.from({ length: 200_000 }, (_none, index) => `${index + 1}\n`).join('')}end`;
      expect(read.text === expected).toBe(true);
      await harness.end(order.id);
      const rest = reader(harness, order.id, { offset: expected.length - 10, follow: false });
      await rest.done;
      expect(rest.read.text).toBe('200000\nend');
    },
    'every-byte-of-the-live-log',
  );

  eachCase('end when the reader goes, and are empty for unknown steps', async (subject) => {
    const harness = await Harness.open(subject);
    const order = harness.order('echo first; sleep 1000');
    harness.engine.launch([order]);
    const leaving = new AbortController();
    const { read, done } = reader(harness, order.id, { signal: leaving.signal });
    await eventually(() => read.text === 'first\n', 'the first line');
    leaving.abort();
    await done;
    const unknown = reader(harness, 'nobody' as StepId);
    await unknown.done;
    expect(unknown.read.text).toBe('');
    harness.engine.cancel([order.id]);
    await harness.end(order.id);
    await turn();
  });
});
