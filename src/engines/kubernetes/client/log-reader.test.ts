import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { ClusterClient, LogReading } from './cluster-client.ts';
import { type Fault, type SimulatedApiServer, startSimulatedApiServer, statusAnswer } from './simulated-api-server.ts';
import { openTestClient, writeKubeconfig } from './simulated-client.ts';

// Against a simulated API server: breaks at will. test/cluster/client reads logs of real pods.

const pods = '/api/v1/namespaces/team/pods';
let server: SimulatedApiServer;
let client: ClusterClient;

beforeEach(async () => {
  server = await startSimulatedApiServer();
  client = await openTestClient(await writeKubeconfig(server.url));
});

afterEach(async () => {
  await client.close();
  await server.stop();
});

function pod(state: object, phase = 'Running') {
  server.put(pods, {
    metadata: { name: 'p' },
    spec: { restartPolicy: 'Never', containers: [{ name: 'c' }] },
    status: { phase, containerStatuses: [{ name: 'c', state }] },
  });
}

const running = { running: {} };
const terminated = { terminated: { exitCode: 0 } };

/** Answers one reading with these bytes, and then does `end`. */
function says(text: string, end: (response: ServerResponse) => void): Fault {
  return (_request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/plain' });
    response.write(text, () => end(response));
  };
}

const whole = (response: ServerResponse) => response.end();
const broken = (response: ServerResponse) => response.destroy();

async function read(options: Partial<LogReading> = {}): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of client.logs('p', { container: 'c', follow: true, ...options })) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

const a = '2026-11-24T02:44:02.100000000Z a\n';
const b = '2026-11-24T02:44:02.200000000Z b\n';
const c = '2026-11-24T02:44:03.000000000Z c\n';

function readings(): string[] {
  return server.seen
    .filter((line) => line.includes('/p/log'))
    .map((line) => new URL(line.slice(4), 'http://x').searchParams.get('sinceTime') ?? '');
}

test('simulated: a follower goes on after a break in the middle of a line', async () => {
  pod(running);
  server.fault(/log/, says(a + b.slice(0, -1), broken));
  server.fault(
    /log/,
    says(a + b + c, (response) => {
      pod(terminated, 'Succeeded');
      response.end();
    }),
  );
  server.fault(/log/, says(b + c, whole));
  expect(await read()).toBe('a\nb\nc\n');
  expect(readings()).toEqual(['', '2026-11-24T02:44:01Z', '2026-11-24T02:44:02Z']);
});

test('simulated: an end of the stream is not the end of the container', async () => {
  pod(running);
  server.fault(/log/, says(a, whole));
  server.fault(
    /log/,
    says(a + b, (response) => {
      pod(terminated, 'Succeeded');
      response.end();
    }),
  );
  // What it wrote last only comes with the reading after its end.
  server.fault(/log/, says(a + b + c, whole));
  expect(await read()).toBe('a\nb\nc\n');
});

test('simulated: a pod that is not there yet, then waits to start, is waited for', async () => {
  server.fault(/log/, statusAnswer(404, 'NotFound', 'pods "p" not found', { details: { name: 'p' } }));
  server.fault(/log/, (request, response) => {
    pod({ waiting: { reason: 'ContainerCreating' } }, 'Pending');
    statusAnswer(
      400,
      'BadRequest',
      'container "c" in pod "p" is waiting to start: ContainerCreating',
    )(request, response);
  });
  server.fault(
    /log/,
    says(a, (response) => {
      pod(terminated, 'Failed');
      response.end();
    }),
  );
  server.fault(/log/, says(a, whole));
  expect(await read()).toBe('a\n');
});

test('simulated: an API server that is away for a while loses nothing', async () => {
  pod(running);
  server.fault(/log/, says(a + b.slice(0, -1), broken));
  const reading = read();
  await vi.waitFor(() => expect(readings().length).toBeGreaterThan(0));
  await server.stop();
  server.fault(
    /log/,
    says(a + b, (response) => {
      pod(terminated, 'Succeeded');
      response.end();
    }),
  );
  server.fault(/log/, says(a + b + c, whole));
  await server.start();
  expect(await reading).toBe('a\nb\nc\n');
});

test('a pod that does not come is named', async () => {
  await expect(read({ patienceMs: 30 })).rejects.toMatchObject({
    code: 'not-found',
    message: 'there is no pod p in namespace team',
  });
});

test('simulated: a pod that is removed while it is followed ends the log', async () => {
  pod(running);
  server.fault(
    /log/,
    says(a, (response) => {
      server.drop(pods, 'p');
      response.end();
    }),
  );
  expect(await read()).toBe('a\n');
});

test('simulated: no more bytes than asked for', async () => {
  pod(running);
  server.fault(/log/, says(a + b + c, whole));
  expect(await read({ follow: false, limitBytes: 3 })).toBe('a\nb');
});

test('simulated: without follow, a container that has not started has an empty log', async () => {
  pod({ waiting: {} }, 'Pending');
  server.fault(
    /log/,
    statusAnswer(400, 'BadRequest', 'container "c" in pod "p" is waiting to start: ContainerCreating'),
  );
  expect(await read({ follow: false })).toBe('');
});

test('simulated: a right that is missing is said at once', async () => {
  server.fault(
    /log/,
    statusAnswer(
      403,
      'Forbidden',
      'pods "p" is forbidden: User "u" cannot get resource "pods/log" in API group "" in the namespace "team"',
    ),
  );
  await expect(read()).rejects.toMatchObject({
    code: 'cluster-forbidden',
    message: expect.stringContaining('may not get pods/log p in namespace team'),
  });
});

test('an aborted signal ends a log that says nothing more', async () => {
  pod(running);
  const abort = new AbortController();
  server.fault(
    /log/,
    says(a, () => undefined),
  );
  const chunks: string[] = [];
  for await (const chunk of client.logs('p', { container: 'c', follow: true, signal: abort.signal })) {
    chunks.push(Buffer.from(chunk).toString());
    if (chunks.join('').endsWith('\n')) abort.abort();
  }
  expect(chunks.join('')).toBe('a\n');
});
