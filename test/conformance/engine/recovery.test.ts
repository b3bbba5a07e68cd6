import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import type { Observation } from '../../../src/domain/observation.ts';
import type { WorkOrder } from '../../../src/ports/engine.ts';
import { endlessSleep, eventually, Harness, oneCpu, openPlace, overEngines, processLives, queue } from './harness.ts';
import type { CaseSubject, Place } from './subject.ts';

const hostScript = fileURLToPath(new URL('host-process.ts', import.meta.url));

type Host = ChildProcess & { readonly stdout: Readable };

/** The engine in a process of its own, over the same directory as the harness that recovers it. `later`: once `orders` run. */
function hostElsewhere(
  subject: CaseSubject,
  place: Place,
  orders: readonly WorkOrder[],
  later: readonly WorkOrder[] = [],
): Host {
  const host = spawn(process.execPath, [hostScript, subject.name, place.directory], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  host.stdin.end(JSON.stringify({ queues: place.queues, orders, later }));
  subject.onFinished(() => void host.kill('SIGKILL'));
  return host;
}

/** As the engine over there says it. */
async function waitsThere(host: Host, { id }: WorkOrder): Promise<void> {
  for await (const line of createInterface({ input: host.stdout })) {
    const { step, state } = JSON.parse(line) as Observation;
    if (step === id && state === 'queued') break;
  }
  host.stdout.resume();
}

async function killAndWait(host: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => host.once('exit', resolve));
  host.kill('SIGKILL');
  await gone;
}

overEngines('after kill -9 of the core', (eachCase) => {
  eachCase('each step is run once: adopted, seen as ended, or started', async (subject) => {
    const place = await openPlace(subject, [queue('default', 3)]);
    const { directory } = place;
    const there = (file: string) => existsSync(join(directory, file));
    const harness = Harness.over(subject, place);
    const sleep = endlessSleep();
    const count = (id: string) => `echo ${id} >> count; `;
    const running = harness.order(
      `${count('running')}touch running; until [ -e go ]; do sleep 0.02; done; echo through; exit 3`,
      { id: 'running' },
    );
    const ending = harness.order(
      `${count('ending')}touch ending; until [ -e end ]; do sleep 0.02; done; echo over; touch ended`,
      { id: 'ending' },
    );
    const daemon = harness.order(
      `${count('daemon')}(setsid ${sleep.command} & touch daemon) & until [ -e end ]; do sleep 0.02; done; exit 4`,
      { id: 'daemon' },
    );
    const waiting = harness.order(`${count('waiting')}true`, { id: 'waiting' });
    const orders = [running, ending, daemon, waiting];

    const host = hostElsewhere(subject, place, [running, ending, daemon], [waiting]);
    await eventually(() => there('running') && there('ending') && there('daemon'), 'three steps to run');
    await waitsThere(host, waiting);
    await killAndWait(host);
    writeFileSync(join(directory, 'end'), '');
    await eventually(() => there('ended'), 'a step to end while no core is there');

    await harness.engine.recover(orders);
    expect(await harness.end(ending.id)).toMatchObject({ state: 'succeeded' });
    expect(await harness.log(ending.id)).toBe('over\n');
    expect(await harness.end(daemon.id)).toMatchObject({ state: 'failed', failure: { class: 'user', exitCode: 4 } });
    expect(sleep.running()).toBe(0);
    expect(await harness.end(waiting.id)).toMatchObject({ state: 'succeeded' });
    expect(harness.endOf(running.id)).toBeUndefined();

    expect(await harness.run(harness.order('touch go', { id: 'go' }))).toMatchObject({ state: 'succeeded' });
    expect(await harness.end(running.id)).toMatchObject({ state: 'failed', failure: { class: 'user', exitCode: 3 } });
    expect(await harness.log(running.id)).toBe('through\n');
    const counted = readFileSync(join(directory, 'count'), 'utf8').trim().split('\n').sort();
    expect(counted).toEqual(['daemon', 'ending', 'running', 'waiting']);
  });

  eachCase('an adopted step can be cancelled, keeps its quota and its runtime limit', async (subject) => {
    const place = await openPlace(subject, [queue('default', 2)]);
    const { directory } = place;
    const harness = Harness.over(subject, place);
    const sleep = endlessSleep();
    const stubborn = harness.order(`trap '' TERM; ${sleep.command}; ${sleep.command}`, { id: 'stubborn' });
    const limited = harness.order('touch limited; sleep 1000', {
      id: 'limited',
      resources: { cpuMillis: oneCpu, runtimeMs: { value: subject.shortRuntimeMs, stated: true }, custom: {} },
    });
    const next = harness.order('true', { id: 'next' });
    const host = hostElsewhere(subject, place, [stubborn, limited], [next]);
    await eventually(() => sleep.running() === 1 && existsSync(join(directory, 'limited')), 'two steps to run');
    await waitsThere(host, next);
    await killAndWait(host);

    await harness.engine.recover([stubborn, limited, next]);
    await harness.until(() => / cpu\b/.test(harness.engine.whyQueued(next.id) ?? ''), 'a step to wait for cpu');
    expect(await harness.end(limited.id)).toMatchObject({ state: 'failed', failure: { class: 'timeout' } });
    harness.engine.cancel([stubborn.id]);
    expect(await harness.end(stubborn.id)).toMatchObject({ state: 'cancelled' });
    expect(sleep.running()).toBe(0);
    expect(await harness.end(next.id)).toMatchObject({ state: 'succeeded' });
  });

  eachCase('a step that was killed meanwhile is lost', async (subject) => {
    const place = await openPlace(subject);
    const { directory } = place;
    const harness = Harness.over(subject, place);
    // $PPID is the process that would have told of the end.
    const order = harness.order('echo $PPID > supervisor; sleep 1000', { id: 'victim' });
    const host = hostElsewhere(subject, place, [order]);
    await eventually(
      () =>
        existsSync(join(directory, 'supervisor')) && readFileSync(join(directory, 'supervisor'), 'utf8').endsWith('\n'),
      'the step to run',
    );
    await killAndWait(host);
    await subject.destroy(place, order.id);
    await harness.engine.recover([order]);
    expect(await harness.end(order.id)).toMatchObject({ state: 'failed', failure: { class: 'lost' } });
  });

  eachCase(
    'a step whose services were awaited starts over, with new ones',
    async (subject) => {
      const place = await openPlace(subject, [queue('default', 2)]);
      const { directory } = place;
      const harness = Harness.over(subject, place);
      const order = harness.order('cat ready', {
        id: 'served',
        services: [
          {
            name: 'slow',
            command: [
              '/bin/sh',
              '-c',
              'echo $$ >> services; until [ -e go ]; do sleep 0.02; done; echo $$ > ready; exec sleep 1000',
            ],
            port: 0,
            ready: { kind: 'file', path: 'ready' },
            replicas: 1,
            startTimeoutMs: 60_000,
          },
        ],
      });
      const services = () =>
        existsSync(join(directory, 'services'))
          ? readFileSync(join(directory, 'services'), 'utf8').trim().split('\n').map(Number)
          : [];
      const host = hostElsewhere(subject, place, [order]);
      await eventually(() => services().length === 1, 'the service');
      await killAndWait(host);
      const [first] = services();
      await harness.engine.recover([order]);
      await eventually(() => services().length === 2, 'a new service');
      expect(processLives(first!)).toBe(false);
      await harness.run(harness.order('touch go', { id: 'go' }));
      expect(await harness.end(order.id)).toMatchObject({ state: 'succeeded' });
      expect(await harness.log(order.id)).toBe(`${services()[1]}\n`);
      expect(services().filter(processLives)).toEqual([]);
    },
    'services-as-processes',
  );

  eachCase(
    'an adopted step has its services, and they end with it',
    async (subject) => {
      const place = await openPlace(subject, [queue('default', 2)]);
      const { directory } = place;
      const harness = Harness.over(subject, place);
      const order = harness.order('touch running; until [ -e go ]; do sleep 0.02; done', {
        id: 'served',
        services: [
          {
            name: 'store',
            command: ['/bin/sh', '-c', 'echo $$ > service; touch ready; exec sleep 1000'],
            port: 0,
            ready: { kind: 'file', path: 'ready' },
            replicas: 1,
            startTimeoutMs: 60_000,
          },
        ],
      });
      const host = hostElsewhere(subject, place, [order]);
      await eventually(() => existsSync(join(directory, 'running')), 'the step to run');
      await killAndWait(host);
      await harness.engine.recover([order]);
      const service = Number(readFileSync(join(directory, 'service'), 'utf8'));
      expect(processLives(service)).toBe(true);
      await harness.run(harness.order('touch go', { id: 'go' }));
      expect(await harness.end(order.id)).toMatchObject({ state: 'succeeded' });
      expect(processLives(service)).toBe(false);
    },
    'services-as-processes',
  );

  eachCase('what nobody knows any more is ended', async (subject) => {
    const place = await openPlace(subject);
    const harness = Harness.over(subject, place);
    const sleep = endlessSleep();
    const order = harness.order(sleep.command, { id: 'forgotten' });
    const host = hostElsewhere(subject, place, [order]);
    await eventually(() => sleep.running() === 1, 'the step to run');
    await killAndWait(host);
    await harness.engine.recover([]);
    await eventually(() => sleep.running() === 0, 'its end');
  });
});
