// Steps with services, as JobSets that Kueue admits whole.
import { expect } from 'vitest';
import type { ServiceSpec } from '../../../src/domain/service.ts';
import { resources } from '../../../src/engines/kubernetes/client/object.ts';
import type { WorkOrder } from '../../../src/ports/engine.ts';
import { ClusterHarness, faultTest, type OrderChange } from '../engine/harness.ts';
import { makeLimitedUser } from '../engine/limited-user.ts';
import { useEnginePlace } from '../engine/place.ts';
import { evict, kindTest, podsOf } from './kind-case.ts';

const place = useEnginePlace('jobset');

const endless = "trap 'exit 143' TERM; sleep 300 & wait";

/** Answers every connection with a line; `first` runs before it listens. */
function server(name: string, first = '', more: Partial<ServiceSpec> = {}): ServiceSpec {
  const stem = `KONVERGE_SERVICE_${name.toUpperCase()}`;
  const program = [
    'import os, signal, socketserver, sys, threading, time',
    'signal.signal(signal.SIGTERM, lambda *_: os._exit(0))',
    first,
    'class Answer(socketserver.StreamRequestHandler):',
    '    def handle(self):',
    '        index = os.environ["KONVERGE_SERVICE_INDEX"]',
    `        self.wfile.write(f"${name} {index} {os.environ.get('GREETING')} {os.environ['${stem}_HOSTS']}\\n".encode())`,
    'socketserver.TCPServer.allow_reuse_address = True',
    `socketserver.ThreadingTCPServer(("", int(os.environ["${stem}_PORT"])), Answer).serve_forever()`,
  ].join('\n');
  return {
    name,
    command: ['python3', '-c', program],
    cpuMillis: 20,
    memoryBytes: 64 * 2 ** 20,
    port: 0,
    ready: { kind: 'tcp' },
    replicas: 1,
    startTimeoutMs: 30_000,
    ...more,
  };
}

/** The line that a server answers with. */
const ask = (address: string): string => `exec 3<>/dev/tcp/${address}; cat <&3`;
const askKv = ask('$KONVERGE_SERVICE_KV_HOST/$KONVERGE_SERVICE_KV_PORT');

function order(harness: ClusterHarness, command: string, change: OrderChange = {}): WorkOrder {
  return harness.order(command, { kind: 'jobset', services: [server('kv')], ...change });
}

kindTest(
  place,
  'two services, one with two replicas, reached by their names in the order of the list',
  async (harness) => {
    const kv = server('kv', '', { replicas: 2, env: { GREETING: 'for $(nobody) and $$' } });
    // It needs the one before it, under the name that the application uses.
    const needy = `import socket; socket.create_connection((os.environ["KONVERGE_SERVICE_KV_HOST"], int(os.environ["KONVERGE_SERVICE_KV_PORT"])), 5)`;
    const api = server('api', needy, { port: 8080 });
    const command = [
      'set -e',
      'for address in ${KONVERGE_SERVICE_KV_HOSTS//,/ }; do',
      `  (${ask('${address%:*}/${address#*:}')})`,
      'done',
      `(${ask('$KONVERGE_SERVICE_API_HOST/8080')})`,
    ].join('\n');
    const wanted = order(harness, `${command}\nsleep 5`, { services: [kv, api] });
    const id = harness.launch(wanted);
    expect((await harness.end(id)).state, harness.story(id)).toBe('succeeded');
    const lines = (await harness.log(id)).trim().split('\n');
    expect(lines).toHaveLength(3);
    const [first, second, third] = lines.map((line) => line.split(' '));
    expect(first?.slice(0, -1)).toEqual(['kv', '0', 'for', '$(nobody)', 'and', '$$']);
    expect(second?.slice(0, 2)).toEqual(['kv', '1']);
    expect(third?.slice(0, 3)).toEqual(['api', '0', 'None']);
    const hosts = first?.at(-1)?.split(',') ?? [];
    expect(hosts).toHaveLength(2);
    expect(hosts[1]).toMatch(/^fault-[0-9a-f]{16}-a1-g1-kv-0-1\.fault-[0-9a-f]{16}-a1-g1:20000$/);
    const words = harness.of(id).map((seen) => ('reason' in seen ? seen.reason : ''));
    expect(words).toContainEqual(expect.stringContaining('service kv'));
    const states = harness.statesOf(id).filter((state) => state !== 'queued' && state !== 'admitted');
    expect(states).toEqual(['starting', 'running', 'succeeded']);
    await harness.nothingLeft([id]);
  },
);

kindTest(
  place,
  'a service that ends early, with an exit code, with none, and a program that is not there',
  async (harness) => {
    const dying = (code: number): ServiceSpec =>
      server('kv', `threading.Timer(4, lambda: (print("I give up", file=sys.stderr), os._exit(${code}))).start()`);
    const [failed, ended, absent] = await Promise.all([
      harness.failure(order(harness, endless, { services: [dying(3)] })),
      harness.failure(order(harness, endless, { services: [dying(0)] })),
      harness.failure(order(harness, endless, { services: [{ ...server('kv'), command: ['no-such-server'] }] })),
    ]);
    expect(failed).toMatchObject({ class: 'service' });
    expect(failed.message).toMatch(
      /^service kv ended with exit code 3 before the application; its last words: .*I give up$/,
    );
    expect(ended).toMatchObject({ class: 'service' });
    expect(ended.message).toMatch(/^service kv ended with exit code 0 before the application/);
    expect(absent).toMatchObject({ class: 'service' });
    expect(absent.message).toContain('no-such-server');
  },
);

kindTest(place, 'a service that is never ready, by port and by file', async (harness) => {
  const deaf = { ...server('kv'), command: ['sleep', '300'], startTimeoutMs: 5000 };
  const [byPort, byFile] = await Promise.all([
    harness.failure(order(harness, 'true', { services: [server('first'), deaf] })),
    harness.failure(order(harness, 'true', { services: [{ ...deaf, ready: { kind: 'file', path: 'made' } }] })),
  ]);
  expect(byPort).toMatchObject({
    class: 'service',
    message: expect.stringMatching(
      /^service kv was not ready within 5 s: port 20000, which konverge has chosen, accepts no connection: state /,
    ),
  });
  expect(byFile).toMatchObject({
    class: 'service',
    message: 'service kv was not ready within 5 s: its file is not there',
  });
});

kindTest(place, 'a service that is ready by a file, and ends with the application', async (harness) => {
  const files = { ...server('kv', 'open("made", "w").close()'), ready: { kind: 'file', path: 'made' } as const };
  // Whoever calls there has it end.
  const end = 'type("End", (socketserver.BaseRequestHandler,), {"handle": lambda self: os._exit(0)})';
  const quitting = server(
    'kv',
    `threading.Thread(target=socketserver.TCPServer(("", 7000), ${end}).serve_forever, daemon=True).start()`,
  );
  const [byFile, leaving] = await Promise.all([
    harness.run(order(harness, askKv, { services: [files] })),
    // It is told to end by its application, which goes on for a moment.
    harness.run(
      order(harness, `(${askKv}); (${ask('$KONVERGE_SERVICE_KV_HOST/7000')}) || true; sleep 2`, {
        services: [quitting],
      }),
    ),
  ]);
  expect(byFile.state).toBe('succeeded');
  expect(leaving.state).toBe('succeeded');
});

kindTest(place, 'the application fails, of itself or of a service that has gone', async (harness) => {
  const fragile = server('kv', 'threading.Timer(5, lambda: os._exit(9)).start()');
  const [own, broken] = await Promise.all([
    harness.failure(order(harness, `${askKv}; exit 7`, {})),
    harness.failure(
      order(harness, `while (${askKv}) 2>/dev/null; do sleep 0.2; done; exit 4`, {
        services: [fragile],
      }),
    ),
  ]);
  expect(own).toMatchObject({ class: 'user', exitCode: 7, message: 'the command ended with exit code 7' });
  expect(broken).toMatchObject({ class: 'service' });
  expect(broken.message).toMatch(/^service kv ended with exit code 9 before the application/);
});

kindTest(place, 'the runtime is of the application, and a service does not count', async (harness) => {
  // By itself it takes longer than the runtime.
  const slow = server('kv', 'time.sleep(22)', { startTimeoutMs: 60_000 });
  const request = { runtimeMs: { value: 20_000, stated: true } };
  const [long, short] = await Promise.all([
    harness.failure(order(harness, endless, { request })),
    harness.run(order(harness, 'true', { request, services: [slow] })),
  ]);
  expect(long).toMatchObject({ class: 'timeout', message: 'it ran longer than its runtime of 20 s and was ended' });
  expect(short.state).toBe('succeeded');
});

const impatient = { settings: { imageTimeoutMs: 5000 } };
kindTest(
  place,
  'a service whose image cannot be had is named',
  async (harness) => {
    const failure = await harness.failure(
      order(harness, 'true', { services: [server('kv', '', { image: 'docker.io/konverge/absent:dev' })] }),
    );
    expect(failure).toMatchObject({ class: 'image' });
    expect(failure.message).toMatch(/^service kv: its image docker.io\/konverge\/absent:dev cannot be pulled/);
  },
  impatient,
);

kindTest(place, 'memory runs out, of the application and of a service', async (harness) => {
  const eat = (mebibytes: number): string => `data = bytearray(${mebibytes} * 2**20)`;
  const [application, service] = await Promise.all([
    harness.failure(
      order(harness, `${askKv}; python3 -c '${eat(200)}'`, {
        request: { memoryBytes: { value: 64 * 2 ** 20, stated: true } },
      }),
    ),
    harness.failure(
      order(harness, endless, { services: [server('kv', `threading.Timer(4, lambda: exec("${eat(200)}")).start()`)] }),
    ),
  ]);
  expect(application).toMatchObject({ class: 'out-of-memory' });
  expect(service).toMatchObject({ class: 'service' });
  expect(service.message).toBe('service kv used more than its memory limit of 64Mi, and the kernel killed it');
});

kindTest(place, 'a pod of a service that is evicted from its node', async (harness) => {
  const id = harness.launch(order(harness, endless));
  await harness.says(id, 'running');
  const [pod] = await podsOf(place(), id, 'kv');
  await evict(place(), pod?.metadata.name ?? '');
  const { failure } = await harness.failed(id);
  expect(failure).toMatchObject({ class: 'lost', code: 'workload-lost' });
  expect(failure.message).toBe('service kv: its pod was ended on node testbed: its node is being emptied');
});

kindTest(place, 'a pod of a service that is deleted by hand', async (harness) => {
  const id = harness.launch(order(harness, endless));
  await harness.says(id, 'running');
  const [pod] = await podsOf(place(), id, 'kv');
  await place().client.remove(resources.pods, pod?.metadata.name ?? '');
  expect((await harness.failed(id)).failure).toMatchObject({
    class: 'lost',
    code: 'workload-lost',
    message: 'a pod of its service kv was deleted by somebody',
  });
});

kindTest(place, 'cancelled while it waits for a service, and while it runs', async (harness) => {
  const slow = server('kv', 'time.sleep(60)', { startTimeoutMs: 90_000 });
  const starting = harness.launch(order(harness, 'true', { services: [slow] }));
  const running = harness.launch(order(harness, endless, {}));
  await harness.says(starting, 'starting', 'waits for service kv to be ready');
  await harness.says(running, 'running');
  harness.engine.cancel([starting, running]);
  for (const id of [starting, running]) {
    expect(await harness.failed(id)).toMatchObject({ state: 'cancelled', failure: { class: 'cancelled' } });
  }
  await harness.nothingLeft([starting, running]);
});

const narrow = { quota: { cpu: '1', memory: '4Gi' } };
kindTest(
  place,
  'preempted, it starts again with its services first',
  async (harness) => {
    const { low, high } = place();
    const half = { cpuMillis: 700 };
    const flag =
      'if [ -n "$(bash -c "exec 3<>/dev/tcp/$KONVERGE_SERVICE_KV_HOST/$KONVERGE_SERVICE_KV_PORT; cat <&3")" ]; then sleep 30; else exit 5; fi';
    const preempted = harness.launch(order(harness, flag, { priorityClass: low, request: half }));
    await harness.says(preempted, 'running');
    const winner = harness.launch(order(harness, askKv, { priorityClass: high, request: half }));
    expect((await harness.end(winner)).state).toBe('succeeded');
    expect((await harness.end(preempted)).state, harness.story(preempted)).toBe('succeeded');
    expect(harness.story(preempted)).toMatch(/running: .*queued: .*running: /);
  },
  narrow,
);

kindTest(place, 'a core that ends leaves it, and the next one follows it to its end', async (first, queue) => {
  const wanted = order(first, `${askKv}; sleep 20; ${askKv} > /dev/null`);
  const id = first.launch(wanted);
  await first.says(id, 'running');
  await first.leave();
  await using next = await ClusterHarness.open(place(), { directory: first.directory, recover: [wanted], queue });
  expect((await next.end(id)).state, next.story(id)).toBe('succeeded');
  await next.nothingLeft([id]);
});

faultTest('who may not make JobSets still runs Jobs, and hears which right is missing', async () => {
  const verbs = ['create', 'list', 'watch', 'delete'];
  const without = verbs.map((verb) => ({ resource: 'jobsets', verb }));
  const user = await makeLimitedUser(place(), 'no-jobsets', without);
  await using harness = await ClusterHarness.open(place(), { settings: { kubeconfig: user.kubeconfig } });
  expect(harness.engine.capabilities.kinds).toMatchObject({
    job: { served: true },
    jobset: {
      served: false,
      reason: expect.stringMatching(/may not create, list, watch, delete jobsets.*deploy\/rbac/),
    },
  });
  expect((await harness.run(harness.order('true'))).state).toBe('succeeded');
});
