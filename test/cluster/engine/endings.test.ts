import { expect } from 'vitest';
import { resources } from '../../../src/engines/kubernetes/client/object.ts';
import { ClusterHarness, faultTest } from './harness.ts';
import { useEnginePlace } from './place.ts';

const place = useEnginePlace('endings', { disk: { cpu: '1', memory: '1Gi', disk: '1Gi' } });

const endless = "trap 'exit 143' TERM; sleep 300 & wait";

faultTest('success, with what it wrote', async () => {
  await using harness = await ClusterHarness.open(place());
  const order = harness.order('echo to-stdout; echo to-stderr >&2; pwd; test -w .');
  expect((await harness.run(order)).state).toBe('succeeded');
  expect(await harness.log(order.id)).toBe('to-stdout\n/konverge/work\n');
  expect(await harness.log(order.id, 'stderr')).toBe('to-stderr\n');
});

faultTest('exit codes, signals, and a command that the image does not have', async () => {
  await using harness = await ClusterHarness.open(place());
  const [code, killed, absent, text] = await Promise.all([
    harness.failure(harness.order('exit 7')),
    harness.failure(harness.order('kill -SEGV $$')),
    harness.failure(harness.order('no-such-command --flag')),
    harness.failure(harness.order('exec /etc/hostname')),
  ]);
  expect(code).toMatchObject({ class: 'user', exitCode: 7, message: 'the command ended with exit code 7' });
  expect(killed).toMatchObject({ class: 'user', exitCode: 139, signal: 'SIGSEGV' });
  expect(absent).toMatchObject({ class: 'user', exitCode: 127 });
  expect(absent.message).toContain('not found in the image');
  expect(text).toMatchObject({ class: 'user', exitCode: 126 });
});

faultTest('more memory than it asked for', async () => {
  await using harness = await ClusterHarness.open(place());
  const order = harness.order("python3 -c 'x = bytearray(512 * 2**20); print(len(x))'", {
    request: { memoryBytes: { value: 64 * 2 ** 20, stated: true } },
  });
  const failure = await harness.failure(order);
  expect(failure.class).toBe('out-of-memory');
  expect(failure.message).toContain('64Mi');
});

faultTest(
  'more disk than it asked for: in its directory, and in /tmp',
  async () => {
    const mebibyte = 2 ** 20;
    await using harness = await ClusterHarness.open(place(), { settings: { logLimitBytes: mebibyte } });
    const writes = (path: string) =>
      harness.order(`dd if=/dev/zero of=${path}/large bs=1M count=160 status=none; exec sleep 300`, {
        queue: 'disk',
        request: { diskBytes: { value: 20 * mebibyte, stated: true } },
      });
    // A kubelet measures volumes once a minute.
    const ids = [harness.launch(writes('.')), harness.launch(writes('/tmp'))] as const;
    const [{ failure: own }, { failure: tmp }] = await Promise.all([
      harness.failed(ids[0], 240_000),
      harness.failed(ids[1], 240_000),
    ]);
    for (const [failure, volume] of [
      [own, 'konverge-shared'],
      [tmp, 'konverge-tmp'],
    ] as const) {
      expect(failure).toMatchObject({
        class: 'user',
        message: expect.stringMatching(/^it used more disk than its limit: /),
        hint: 'Ask for more disk, for example disk_mb=20000.',
      });
      expect(failure.message).toContain(volume);
    }
  },
  300_000,
);

faultTest('longer than its runtime', async () => {
  await using harness = await ClusterHarness.open(place());
  const order = harness.order(endless, { request: { runtimeMs: { value: 8000, stated: true } } });
  expect(await harness.failure(order)).toMatchObject({ class: 'timeout', message: expect.stringContaining('8 s') });
});

faultTest('a pod that is deleted by hand', async () => {
  await using harness = await ClusterHarness.open(place());
  const id = harness.launch(harness.order(endless));
  await harness.says(id, 'running');
  const { metadata } = await harness.pod(id);
  await place().client.remove(resources.pods, metadata.name);
  expect((await harness.failed(id)).failure).toMatchObject({
    class: 'lost',
    code: 'workload-lost',
    message: 'its pod was deleted by somebody',
  });
});

faultTest('a Job that is deleted by hand', async () => {
  await using harness = await ClusterHarness.open(place());
  const id = harness.launch(harness.order(endless));
  await harness.says(id, 'running');
  const { metadata } = await harness.job(id);
  await place().client.remove(resources.jobs, metadata.name);
  expect((await harness.failed(id)).failure).toMatchObject({
    class: 'lost',
    code: 'workload-lost',
    message: 'what ran it was deleted by somebody',
  });
});

faultTest('names that are long, odd, or the same but for what a name cannot hold', async () => {
  await using harness = await ClusterHarness.open(place());
  const names = ['x'.repeat(300), 'Überlänge_Ärger.mit:allem', '規則', '-', 'a_b', 'a.b'];
  const orders = names.map((rule) => harness.order('true', { rule, label: `${rule} ${'w'.repeat(5000)}` }));
  const ends = await Promise.all(orders.map((order) => harness.run(order)));
  expect(ends.map(({ state }) => state)).toEqual(names.map(() => 'succeeded'));
});

faultTest('a cancelled step leaves nothing: while it is queued, while it starts, while it runs', async () => {
  await using harness = await ClusterHarness.open(place(), { settings: { imageTimeoutMs: 60_000 } });
  const queued = harness.order('true', { request: { cpuMillis: 7950 } });
  const before = harness.launch(harness.order(endless));
  await harness.says(before, 'running');
  harness.launch(queued);
  await harness.says(queued.id, 'queued', 'waits for quota');
  const starting = harness.launch(harness.order('true', { container: 'docker.io/konverge/absent:dev' }));
  await harness.says(starting, 'starting', 'cannot be pulled');
  const ids = [before, queued.id, starting];
  harness.engine.cancel(ids);
  for (const id of ids) {
    expect(await harness.failed(id)).toMatchObject({ state: 'cancelled', failure: { class: 'cancelled' } });
  }
  for (const id of ids) expect((await harness.leftOf(id)).filter((what) => !what.startsWith('Secret'))).toEqual([]);
  // The garbage collector takes Secrets a moment after their owners.
  await harness.nothingLeft(ids);
});
