import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Operation } from '../object-store-server/operation.ts';
import { FaultyStore } from './faulty-store.ts';
import { type LiveAgent, never } from './live-agent.ts';

const faulty = FaultyStore.forThisFile();
const start = (): LiveAgent => faulty.start();

/** Kills the agent when so many requests of a kind have come, the last of which is never answered. */
async function killAt(agent: LiveAgent, operation: Operation, count: number, lost: boolean): Promise<void> {
  const kind = lost ? 'lose-answer' : 'hold';
  faulty.proxy.add({ fault: { kind }, operation, skip: count - 1 });
  await faulty.proxy.until(operation, count);
  const { pid } = agent.client;
  if (pid === undefined) throw new Error('no agent');
  process.kill(pid, 'SIGKILL');
}

const names = Array.from({ length: 6 }, (_, n) => `o${n}`);
const contents = Object.fromEntries(names.map((name) => [name, name.repeat(1000)]));

async function expectWhole(agent: LiveAgent): Promise<void> {
  for (const [name, content] of Object.entries(contents)) expect(await agent.content(name)).toBe(content);
  expect(await agent.content('d/f')).toBe('f');
  expect((await agent.keys()).filter((key) => key.startsWith('d/'))).toEqual(['d/.snakemake_timestamp', 'd/f']);
  expect([await agent.openUploads(), await agent.manifests()]).toEqual([0, 0]);
}

const outputs = (agent: LiveAgent) => [
  ...names.map((name) => agent.output(name)),
  agent.output('d', { kind: 'directory' }),
];

test.each([
  ['GetObject', 1],
  ['GetObject', 3],
] as const)('an agent killed at %s %d while it stages begins anew', async (operation, count) => {
  const agent = start();
  for (const [name, content] of Object.entries(contents)) await agent.put(name, content);
  const job = agent.job({ inputs: names.map((name) => agent.input(name)) });
  const staged = agent.client.stage(job, never);
  await killAt(agent, operation, count, false);
  await staged;
  for (const [name, content] of Object.entries(contents)) {
    expect(readFileSync(join(job.workdir, name), 'utf8')).toBe(content);
  }
});

test.each([
  ['CreateMultipartUpload', 1, false],
  ['CreateMultipartUpload', 4, true],
  ['UploadPart', 1, false],
  ['UploadPart', 5, true],
  ['PutObject', 1, false],
  ['PutObject', 1, true],
] as const)('an agent killed at %s %d while it collects goes on (answer lost: %s)', async (operation, count, lost) => {
  const agent = start();
  const job = agent.job({ outputs: outputs(agent) });
  await agent.client.stage(job, never);
  agent.write(job, { ...contents, 'd/f': 'f' });
  const collected = agent.collect(job);
  await killAt(agent, operation, count, lost);
  const ref = await collected;
  expect(await agent.openUploads()).toBe(names.length + 2);
  expect(await agent.manifests()).toBe(1);
  await agent.commit(ref);
  await expectWhole(agent);
});

test('parts that are there are not sent again', { timeout: 60_000 }, async () => {
  const agent = start();
  const job = agent.job({ outputs: [agent.output('big')] });
  await agent.client.stage(job, never);
  const content = Buffer.alloc(40 * 1024 * 1024, 'x');
  agent.write(job, { big: content });
  const collected = agent.collect(job);
  // All three parts, and then the manifest.
  await killAt(agent, 'PutObject', 1, false);
  const ref = await collected;
  expect(faulty.proxy.count('UploadPart')).toBe(3);
  expect(faulty.proxy.count('CreateMultipartUpload')).toBe(1);
  await agent.commit(ref);
  expect((await agent.store.head(agent.at('big')))?.sizeBytes).toBe(content.length);
});

test.each([
  ['CompleteMultipartUpload', 1, false],
  ['CompleteMultipartUpload', 3, true],
  ['CompleteMultipartUpload', 8, true],
  ['ListObjects', 1, false],
  ['ListObjects', 7, false],
] as const)('an agent killed at %s %d while it commits finishes (answer lost: %s)', async (operation, count, lost) => {
  const agent = start();
  await agent.put('d/old', 'stale');
  const job = agent.job({ outputs: outputs(agent) });
  await agent.client.stage(job, never);
  agent.write(job, { ...contents, 'd/f': 'f' });
  const ref = await agent.collect(job);
  faulty.proxy.clear();
  const committed = agent.client.commit(ref, never);
  await killAt(agent, operation, count, lost);
  expect(await committed).toMatchObject({ objects: 8 });
  await agent.client.release(ref);
  await expectWhole(agent);
});

test('an agent killed again and again is not restarted for ever', async () => {
  const agent = start();
  await agent.put('in', 'x');
  faulty.proxy.add({ fault: { kind: 'hold' }, operation: 'GetObject', times: null });
  const job = agent.job({ inputs: [agent.input('in')] });
  const staged = agent.client.stage(job, never);
  const heard = expect(staged).rejects.toMatchObject({ code: 'agent-lost' });
  for (const count of [1, 2]) {
    await faulty.proxy.until('GetObject', count);
    process.kill(agent.client.pid ?? 0, 'SIGKILL');
  }
  await heard;
  faulty.proxy.clear();
  await agent.client.stage(job, never);
  expect(readFileSync(join(job.workdir, 'in'), 'utf8')).toBe('x');
});

test('a collect that is aborted leaves nothing open', async () => {
  const agent = start();
  const job = agent.job({ outputs: outputs(agent) });
  await agent.client.stage(job, never);
  agent.write(job, { ...contents, 'd/f': 'f' });
  faulty.proxy.add({ fault: { kind: 'hold' }, operation: 'UploadPart', skip: 3, times: null });
  const controller = new AbortController();
  const collected = agent.client.collect(job, { succeeded: true }, [], controller.signal);
  const heard = expect(collected).rejects.toMatchObject({ name: 'AbortError' });
  await faulty.proxy.until('UploadPart', 5);
  controller.abort();
  await heard;
  expect([await agent.openUploads(), await agent.manifests(), await agent.keys()]).toEqual([0, 0, []]);
});
