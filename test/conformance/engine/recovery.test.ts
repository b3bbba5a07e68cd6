import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished } from 'vitest';
import type { QueueSettings } from '../../../src/engines/local/config.ts';
import type { WorkOrder } from '../../../src/ports/engine.ts';
import { eachEngine, eventually, Harness, processLives, queue, temporaryDirectory } from './harness.ts';
import type { Subject } from './subjects.ts';

const hostScript = fileURLToPath(new URL('host-process.ts', import.meta.url));

/** The engine in a process of its own, over the same directory as the harness that recovers it. */
function hostElsewhere(
  subject: Subject,
  directory: string,
  queues: readonly QueueSettings[],
  orders: readonly WorkOrder[],
): ChildProcess {
  const host = spawn(process.execPath, [hostScript, subject.name, join(directory, 'state')], {
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  host.stdin.end(JSON.stringify({ queues, orders }));
  onTestFinished(() => void host.kill('SIGKILL'));
  return host;
}

async function killAndWait(host: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => host.once('exit', resolve));
  host.kill('SIGKILL');
  await gone;
}

describe('after kill -9 of the core', () => {
  eachEngine(
    'each step is run once: adopted, seen as ended, or started',
    async (subject) => {
      const directory = temporaryDirectory();
      const queues = [queue('default', 3)];
      const there = (file: string) => existsSync(join(directory, file));
      const harness = Harness.open(subject, queues, directory);
      const count = 'echo "$KONVERGE_STEP_ID" >> count; ';
      const running = harness.order(
        `${count}touch running; until [ -e go ]; do sleep 0.02; done; echo through; exit 3`,
        { id: 'running' },
      );
      const ending = harness.order(
        `${count}touch ending; until [ -e end ]; do sleep 0.02; done; echo over; touch ended`,
        { id: 'ending' },
      );
      const daemon = harness.order(
        `${count}(setsid sleep 1000 & echo $! > daemon) & until [ -e end ]; do sleep 0.02; done; exit 4`,
        { id: 'daemon' },
      );
      const waiting = harness.order(`${count}true`, { id: 'waiting' });
      const orders = [running, ending, daemon, waiting];

      const host = hostElsewhere(subject, directory, queues, orders);
      await eventually(() => there('running') && there('ending') && there('daemon'), 'three steps to run');
      await killAndWait(host);
      writeFileSync(join(directory, 'end'), '');
      await eventually(() => there('ended'), 'a step to end while no core is there');

      await harness.engine.recover(orders);
      expect(await harness.end(ending.id)).toMatchObject({ state: 'succeeded' });
      expect(await harness.log(ending.id)).toBe('over\n');
      expect(await harness.end(daemon.id)).toMatchObject({ state: 'failed', failure: { class: 'user', exitCode: 4 } });
      expect(processLives(Number(readFileSync(join(directory, 'daemon'), 'utf8')))).toBe(false);
      expect(await harness.end(waiting.id)).toMatchObject({ state: 'succeeded' });
      expect(harness.endOf(running.id)).toBeUndefined();

      expect(await harness.run(harness.order('touch go', { id: 'go' }))).toMatchObject({ state: 'succeeded' });
      expect(await harness.end(running.id)).toMatchObject({ state: 'failed', failure: { class: 'user', exitCode: 3 } });
      expect(await harness.log(running.id)).toBe('through\n');
      const counted = readFileSync(join(directory, 'count'), 'utf8').trim().split('\n').sort();
      expect(counted).toEqual(['daemon', 'ending', 'running', 'waiting']);
    },
    'survives-core',
  );

  eachEngine(
    'an adopted step can be cancelled, keeps its quota and its runtime limit',
    async (subject) => {
      const directory = temporaryDirectory();
      const queues = [queue('default', 2)];
      const harness = Harness.open(subject, queues, directory);
      const stubborn = harness.order("trap '' TERM; echo $$ > pid; sleep 1000; sleep 1000", { id: 'stubborn' });
      const limited = harness.order('touch limited; sleep 1000', {
        id: 'limited',
        resources: { cpuMillis: 1000, runtimeMs: { value: 1500, stated: true }, custom: {} },
      });
      const next = harness.order('true', { id: 'next' });
      const host = hostElsewhere(subject, directory, queues, [stubborn, limited, next]);
      await eventually(
        () => existsSync(join(directory, 'pid')) && existsSync(join(directory, 'limited')),
        'two steps to run',
      );
      await killAndWait(host);

      await harness.engine.recover([stubborn, limited, next]);
      await harness.reached(next.id, 'queued');
      expect(harness.engine.whyQueued(next.id)).toContain('2 of 2 in use');
      expect(await harness.end(limited.id)).toMatchObject({ state: 'failed', failure: { class: 'timeout' } });
      harness.engine.cancel([stubborn.id]);
      expect(await harness.end(stubborn.id)).toMatchObject({ state: 'cancelled' });
      expect(processLives(Number(readFileSync(join(directory, 'pid'), 'utf8')))).toBe(false);
      expect(await harness.end(next.id)).toMatchObject({ state: 'succeeded' });
    },
    'survives-core',
  );

  eachEngine(
    'a step that was killed meanwhile is lost',
    async (subject) => {
      const directory = temporaryDirectory();
      const harness = Harness.open(subject, [queue('default', 2)], directory);
      // $PPID is the process that would have told of the end.
      const order = harness.order('echo $PPID > supervisor; sleep 1000', { id: 'victim' });
      const host = hostElsewhere(subject, directory, [queue('default', 2)], [order]);
      await eventually(
        () =>
          existsSync(join(directory, 'supervisor')) &&
          readFileSync(join(directory, 'supervisor'), 'utf8').endsWith('\n'),
        'the step to run',
      );
      await killAndWait(host);
      process.kill(Number(readFileSync(join(directory, 'supervisor'), 'utf8')), 'SIGKILL');
      await harness.engine.recover([order]);
      expect(await harness.end(order.id)).toMatchObject({ state: 'failed', failure: { class: 'lost' } });
    },
    'survives-core',
  );

  eachEngine(
    'a step whose services were awaited starts over, with new ones',
    async (subject) => {
      const directory = temporaryDirectory();
      const harness = Harness.open(subject, [queue('default', 2)], directory);
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
      const host = hostElsewhere(subject, directory, [queue('default', 2)], [order]);
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
    'survives-core',
    'services',
  );

  eachEngine(
    'an adopted step has its services, and they end with it',
    async (subject) => {
      const directory = temporaryDirectory();
      const harness = Harness.open(subject, [queue('default', 2)], directory);
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
      const host = hostElsewhere(subject, directory, [queue('default', 2)], [order]);
      await eventually(() => existsSync(join(directory, 'running')), 'the step to run');
      await killAndWait(host);
      await harness.engine.recover([order]);
      const service = Number(readFileSync(join(directory, 'service'), 'utf8'));
      expect(processLives(service)).toBe(true);
      await harness.run(harness.order('touch go', { id: 'go' }));
      expect(await harness.end(order.id)).toMatchObject({ state: 'succeeded' });
      expect(processLives(service)).toBe(false);
    },
    'survives-core',
    'services',
  );

  eachEngine(
    'what nobody knows any more is ended',
    async (subject) => {
      const directory = temporaryDirectory();
      const harness = Harness.open(subject, [queue('default', 2)], directory);
      const order = harness.order('echo $$ > pid; sleep 1000', { id: 'forgotten' });
      const host = hostElsewhere(subject, directory, [queue('default', 2)], [order]);
      await eventually(() => existsSync(join(directory, 'pid')), 'the step to run');
      await killAndWait(host);
      await harness.engine.recover([]);
      expect(processLives(Number(readFileSync(join(directory, 'pid'), 'utf8')))).toBe(false);
    },
    'survives-core',
  );
});
