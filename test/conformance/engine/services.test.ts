import { existsSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { ServiceSpec } from '../../../src/domain/service.ts';
import { eventually, Harness, overEngines, processLives, queue } from './harness.ts';

/** A TCP server that greets, in the only language that is sure to be here. */
const greeter = `
const { createServer } = require('node:net');
require('node:fs').writeFileSync('service-pid', String(process.pid));
// The readiness probe goes away at once, which is an error to who writes to it.
createServer((socket) => socket.on('error', () => {}).end('hello from ' + process.env.KONVERGE_SERVICE_INDEX + '\\n'))
  .listen(Number(process.env.KONVERGE_SERVICE_KEY_STORE_PORT), '127.0.0.1');
`;
const readPort = (port: string) => `exec 3<>/dev/tcp/127.0.0.1/${port}; cat <&3`;

function service(more: Partial<ServiceSpec> = {}): ServiceSpec {
  return {
    name: 'key-store',
    command: [process.execPath, '-e', greeter],
    port: 0,
    ready: { kind: 'tcp' },
    replicas: 1,
    startTimeoutMs: 10_000,
    ...more,
  };
}

overEngines('services of a step', (eachCase) => {
  eachCase(
    'are ready on a port before the command starts, and end with it',
    async (subject) => {
      const harness = await Harness.open(subject);
      const order = harness.order(
        `echo $KONVERGE_SERVICE_KEY_STORE_HOST; ${readPort('$KONVERGE_SERVICE_KEY_STORE_PORT')}`,
        {
          services: [service()],
        },
      );
      expect(await harness.run(order)).toMatchObject({ state: 'succeeded' });
      expect(await harness.log(order.id)).toBe('127.0.0.1\nhello from 0\n');
      expect(harness.statesOf(order.id)).toEqual(['starting', 'running', 'succeeded']);
      expect(harness.observed[0]).toMatchObject({ state: 'starting', reason: 'waits for service key-store' });
      expect(processLives(Number(readFileSync(join(harness.directory, 'service-pid'), 'utf8')))).toBe(false);
    },
    'services-as-processes',
  );

  eachCase('are ready when a file appears', async (subject) => {
    const harness = await Harness.open(subject);
    const ready = { kind: 'file', path: 'ready' } as const;
    const order = harness.order('cat ready', {
      services: [
        service({
          ready,
          command: ['/bin/sh', '-c', 'sleep 0.2; echo "$STATE $KONVERGE_SERVICE_INDEX" > ready; exec sleep 1000'],
          env: { STATE: 'up' },
        }),
      ],
    });
    expect(await harness.run(order)).toMatchObject({ state: 'succeeded' });
    expect(await harness.log(order.id)).toBe('up 0\n');
  });

  eachCase(
    'may be several of a kind, each on its own port',
    async (subject) => {
      const harness = await Harness.open(subject);
      const order = harness.order(
        `for address in \${KONVERGE_SERVICE_KEY_STORE_HOSTS//,/ }; do (${readPort('${address#*:}')}); done`,
        { services: [service({ replicas: 2 })] },
      );
      expect(await harness.run(order)).toMatchObject({ state: 'succeeded' });
      expect(await harness.log(order.id)).toBe('hello from 0\nhello from 1\n');
    },
    'services-as-processes',
  );

  eachCase('fail the step when one ends before the application', async (subject) => {
    const harness = await Harness.open(subject);
    const order = harness.order('touch app; sleep 1000', {
      services: [
        service({
          ready: { kind: 'file', path: 'ready' },
          command: ['/bin/sh', '-c', 'touch ready; until [ -e app ]; do sleep 0.02; done; echo "no disk" >&2; exit 9'],
        }),
      ],
    });
    expect(await harness.run(order)).toMatchObject({
      state: 'failed',
      failure: { class: 'service', message: expect.stringMatching(/key-store ended with exit code 9.*no disk/) },
    });
  });

  eachCase('fail the step when one cannot be started', async (subject) => {
    const harness = await Harness.open(subject);
    const order = harness.order('touch ran', { services: [service({ command: ['/no/such/program'] })] });
    expect(await harness.run(order)).toMatchObject({ state: 'failed', failure: { class: 'service' } });
    expect(existsSync(join(harness.directory, 'ran'))).toBe(false);
  });

  eachCase(
    'fail the step when one is not ready in time',
    async (subject) => {
      const harness = await Harness.open(subject);
      const order = harness.order('touch ran', {
        services: [
          service({ command: ['/bin/sh', '-c', 'echo $$ > service-pid; exec sleep 1000'], startTimeoutMs: 300 }),
        ],
      });
      expect(await harness.run(order)).toMatchObject({
        state: 'failed',
        failure: {
          class: 'service',
          message: expect.stringMatching(
            /not ready within 0.3 s: port \d+, which konverge has chosen, .*state the port/,
          ),
        },
      });
      expect(existsSync(join(harness.directory, 'ran'))).toBe(false);
      expect(processLives(Number(readFileSync(join(harness.directory, 'service-pid'), 'utf8')))).toBe(false);
    },
    'services-as-processes',
  );

  eachCase(
    'take turns when they insist on the same port',
    async (subject) => {
      const harness = await Harness.open(subject, [queue('default', 8)]);
      const port = await freePort();
      const command = `echo + >> trace; ${readPort(String(port))}; sleep 0.1; echo - >> trace`;
      const orders = [1, 2, 3].map(() => harness.order(command, { services: [service({ port })] }));
      harness.engine.launch(orders);
      for (const { id } of orders) expect(await harness.end(id)).toMatchObject({ state: 'succeeded' });
      expect(readFileSync(join(harness.directory, 'trace'), 'utf8')).toBe('+\n-\n'.repeat(3));
    },
    'services-as-processes',
  );

  eachCase(
    'fail the step when a stranger has the port',
    async (subject) => {
      const harness = await Harness.open(subject);
      const stranger = createServer();
      const port = await listen(stranger);
      try {
        const order = harness.order('true', { services: [service({ port })] });
        expect(await harness.run(order)).toMatchObject({
          failure: { class: 'service', message: expect.stringContaining(`port ${port}`) },
        });
      } finally {
        stranger.close();
      }
    },
    'services-as-processes',
  );

  eachCase(
    'end when the step is cancelled while they start',
    async (subject) => {
      const harness = await Harness.open(subject);
      const order = harness.order('touch ran', {
        services: [
          service({ command: ['/bin/sh', '-c', "trap '' TERM; echo $$ > service-pid; sleep 1000; sleep 1000"] }),
        ],
      });
      harness.engine.launch([order]);
      await eventually(() => existsSync(join(harness.directory, 'service-pid')), 'the service');
      harness.engine.cancel([order.id]);
      expect(await harness.end(order.id)).toMatchObject({ state: 'cancelled' });
      expect(processLives(Number(readFileSync(join(harness.directory, 'service-pid'), 'utf8')))).toBe(false);
      expect(existsSync(join(harness.directory, 'ran'))).toBe(false);
    },
    'services-as-processes',
  );
});

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}
