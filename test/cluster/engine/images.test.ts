import { expect } from 'vitest';
import { bareImage, busyboxImage, ClusterHarness, faultTest } from './harness.ts';
import { useEnginePlace } from './place.ts';

const place = useEnginePlace('images');
const absent = 'docker.io/konverge/absent:dev';

faultTest('an image that does not exist is named at once, and fails its step after the set time', async () => {
  await using harness = await ClusterHarness.open(place(), { settings: { imageTimeoutMs: 15_000 } });
  const launchedAtMs = Date.now();
  const id = harness.launch(harness.order('true', { container: absent }));
  const words = await harness.says(id, 'starting', 'cannot be pulled');
  expect(Date.now() - launchedAtMs).toBeLessThan(30_000);
  expect(words).toContain(`its image ${absent} cannot be pulled: `);
  const namedAtMs = Date.now();
  const { failure } = await harness.failed(id);
  expect(Date.now() - namedAtMs).toBeGreaterThan(14_000);
  expect(failure).toMatchObject({ class: 'image', message: expect.stringContaining(absent) });
  expect(harness.statesOf(id)).toEqual(['queued', 'admitted', 'starting', 'failed']);
  expect(harness.of(id).filter(({ state }) => state === 'starting').length).toBeLessThan(6);
});

faultTest('a name that can be no image fails at once', async () => {
  await using harness = await ClusterHarness.open(place());
  expect(await harness.failure(harness.order('true', { container: 'Not/An:Image:Name' }))).toMatchObject({
    class: 'image',
    message: expect.stringMatching(/^its image Not\/An:Image:Name cannot be used: InvalidImageName/),
  });
});

faultTest('an image without a shell', async () => {
  await using harness = await ClusterHarness.open(place());
  expect(await harness.failure(harness.order('true', { container: bareImage }))).toMatchObject({
    class: 'image',
    message: expect.stringMatching(/cannot run \/bin\/sh.*no such file/),
    hint: expect.stringContaining('POSIX shell'),
  });
});

faultTest('an image without the shell that the workflow asks for has another one', async () => {
  await using harness = await ClusterHarness.open(place());
  const order = harness.order('echo works', { container: busyboxImage });
  expect((await harness.run(order)).state).toBe('succeeded');
  expect(await harness.log(order.id)).toBe('works\n');
  expect(await harness.log(order.id, 'stderr')).toContain('the image has no bash; the command is run by sh');
});

faultTest('an image of the agent that does not exist', async () => {
  const settings = { agentImage: absent, imageTimeoutMs: 10_000 };
  await using harness = await ClusterHarness.open(place(), { settings });
  const { failure } = await harness.failed(harness.launch(harness.order('true')));
  expect(failure).toMatchObject({
    class: 'image',
    message: expect.stringContaining(`the image of the agent, ${absent} cannot be pulled`),
  });
});

faultTest('an image of the agent in which there is none: it ends again and again', async () => {
  const settings = { agentImage: busyboxImage, imageTimeoutMs: 15_000 };
  await using harness = await ClusterHarness.open(place(), { settings });
  const order = harness.order('true');
  const { failure } = await harness.failed(harness.launch(order));
  expect(failure).toMatchObject({
    class: 'storage',
    code: 'agent-lost',
    message: expect.stringMatching(/^its agent ends again and again: exit code 127/),
  });
});

faultTest('an agent that is killed while the command runs: the next one takes over', async () => {
  await using harness = await ClusterHarness.open(place());
  const order = harness.order('while ! [ -e go ]; do sleep 0.2; done; echo end');
  const id = harness.launch(order);
  await harness.says(id, 'running');
  const { metadata } = await harness.pod(id);
  await killAgent(harness, metadata.name);
  await place().client.exec(metadata.name, 'step', ['sh', '-c', 'touch /konverge/work/go']);
  expect((await harness.end(id)).state).toBe('succeeded');
  expect(await harness.log(id)).toContain('end\n');
});

async function killAgent(harness: ClusterHarness, pod: string): Promise<void> {
  // Process 1 of its container hears SIGKILL from outside only; for others it is SIGTERM that it obeys.
  const { exitCode } = await harness.cluster.client.exec(pod, 'agent', ['sh', '-c', 'kill -TERM 1']);
  expect(exitCode).toBe(0);
}
