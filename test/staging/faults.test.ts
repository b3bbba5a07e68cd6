import { createHash, randomBytes } from 'node:crypto';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Fault } from '../object-store-server/fault.ts';
import { FaultyStore } from './faulty-store.ts';
import { type LiveAgent, never } from './live-agent.ts';

const faulty = FaultyStore.forThisFile();
const start = (): LiveAgent => faulty.start();

const mebibyte = 1024 * 1024;

test.each<Fault>([
  { kind: 'truncate', afterBytes: 3 * mebibyte },
  { kind: 'reset-answer', afterBytes: 2 * mebibyte + 17 },
])('a download goes on where it broke off: $kind', async (fault) => {
  const agent = start();
  const content = randomBytes(40 * mebibyte);
  await agent.put('in', content);
  faulty.proxy.add({ fault, operation: 'GetObject', times: 3 });
  const job = agent.job({ inputs: [agent.input('in')] });
  await agent.client.stage(job, never);
  const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
  expect(digest(readFileSync(join(job.workdir, 'in')))).toBe(digest(content));
  expect(faulty.proxy.count('GetObject')).toBeGreaterThan(3);
});

test('an object that is replaced while it is read is read anew, whole', async () => {
  const agent = start();
  await agent.put('in', Buffer.alloc(8 * mebibyte, 'a'));
  faulty.proxy.add(
    { fault: { kind: 'truncate', afterBytes: mebibyte }, operation: 'GetObject' },
    { fault: { kind: 'delay', ms: 500 }, operation: 'GetObject' },
  );
  const job = agent.job({ inputs: [agent.input('in')] });
  const staged = agent.client.stage(job, never);
  await faulty.proxy.until('GetObject', 2);
  const other = Buffer.alloc(7 * mebibyte, 'b');
  await agent.put('in', other);
  await staged;
  expect(readFileSync(join(job.workdir, 'in')).equals(other)).toBe(true);
});

test('an output with an older time than an input is refused', async () => {
  const agent = start();
  await agent.put('in', 'x');
  const job = agent.job({ inputs: [agent.input('in')], outputs: [agent.output('o')] });
  await agent.client.stage(job, never);
  agent.write(job, { o: 'x' });
  // As if the input's time were of a clock that is ahead.
  const notes = join(job.notes, 'inputs.json');
  const known = JSON.parse(readFileSync(notes, 'utf8')) as object;
  writeFileSync(notes, JSON.stringify({ ...known, newestMs: Date.now() + 3_600_000 }));
  const ref = await agent.collect(job);
  await expect(agent.client.commit(ref, never)).rejects.toMatchObject({
    code: 'output-stale',
    message: expect.stringContaining('/o'),
  });
});

test('a log that cannot be stored is not the error of a failed step', async () => {
  const words: string[] = [];
  const logger = {
    debug() {},
    info() {},
    error() {},
    warn: (_facts: unknown, message: string) => void words.push(message),
  };
  const agent = faulty.start(logger);
  const job = agent.job({ logs: [{ path: 'l', at: agent.at('l') }] });
  await agent.client.stage(job, never);
  agent.write(job, { l: 'why' });
  faulty.proxy.add({
    fault: { kind: 'answer', status: 403, code: 'AccessDenied' },
    operation: 'PutObject',
    times: null,
  });
  expect(await agent.client.collect(job, { succeeded: false }, [], never)).toBeUndefined();
  expect(words).toContain('the log of a failed step could not be uploaded');
});

test('a refused upload is the error, and leaves nothing open', async () => {
  const agent = start();
  const outputs = Array.from({ length: 5 }, (_, n) => agent.output(`o${n}`));
  const job = agent.job({ outputs });
  await agent.client.stage(job, never);
  agent.write(job, Object.fromEntries(outputs.map(({ path }) => [path, path])));
  const denied = { kind: 'answer', status: 403, code: 'AccessDenied' } as const;
  faulty.proxy.add({ fault: denied, operation: 'UploadPart', key: 'o3$', times: null });
  const error = { code: 'storage-denied', message: expect.stringContaining('o3') };
  await expect(agent.collect(job)).rejects.toMatchObject(error);
  expect([await agent.openUploads(), await agent.keys()]).toEqual([0, []]);
  faulty.proxy.clear();
  await agent.commit(await agent.collect(job));
  expect((await agent.keys()).length).toBe(5);
});

test('a file that changes while it is uploaded is sent once more, and then refused', async () => {
  const agent = start();
  const job = agent.job({ outputs: [agent.output('o')] });
  await agent.client.stage(job, never);
  agent.write(job, { o: 'one' });
  const slow = { kind: 'delay', ms: 300 } as const;
  faulty.proxy.add({ fault: slow, operation: 'UploadPart', times: null });
  const collected = agent.collect(job);
  await faulty.proxy.until('UploadPart');
  appendFileSync(join(job.workdir, 'o'), ' two');
  await agent.commit(await collected);
  expect(await agent.content('o')).toBe('one two');

  await agent.client.stage(job, never);
  agent.write(job, { o: 'one' });
  faulty.proxy.clear();
  faulty.proxy.add({ fault: slow, operation: 'UploadPart', times: null });
  const refused = expect(agent.collect(job)).rejects.toMatchObject({
    code: 'output-invalid',
    message: expect.stringContaining('changes while it is uploaded'),
  });
  for (const count of [1, 2]) {
    await faulty.proxy.until('UploadPart', count);
    appendFileSync(join(job.workdir, 'o'), ' more');
  }
  await refused;
  expect(await agent.openUploads()).toBe(0);
});

test('outputs that are collected again are not sent again', async () => {
  const agent = start();
  const job = agent.job({ outputs: [agent.output('o'), agent.output('empty')] });
  await agent.client.stage(job, never);
  agent.write(job, { o: 'x', empty: '' });
  const [first, second] = [await agent.collect(job), await agent.collect(job)];
  expect(second).toEqual(first);
  expect([faulty.proxy.count('UploadPart'), await agent.openUploads(), await agent.manifests()]).toEqual([2, 2, 1]);
});

test('if one object may not be written, none of the outputs stays', async () => {
  const agent = start();
  const job = agent.job({ outputs: ['a', 'b', 'c'].map((name) => agent.output(name)) });
  await agent.client.stage(job, never);
  agent.write(job, { a: '1', b: '2', c: '3' });
  const ref = await agent.collect(job);
  const denied: Fault = { kind: 'answer', status: 403, code: 'AccessDenied' };
  faulty.proxy.add({ fault: denied, operation: 'CompleteMultipartUpload', key: '/b$', times: null });
  await expect(agent.client.commit(ref, never)).rejects.toMatchObject({
    code: 'storage-denied',
    message: expect.stringContaining('/b'),
  });
  expect([await agent.keys(), await agent.openUploads(), await agent.manifests()]).toEqual([[], 0, 0]);
});

test('an output that somebody replaces in the middle of the commit is noticed', async () => {
  const agent = start();
  const job = agent.job({ outputs: [agent.output('a')] });
  await agent.client.stage(job, never);
  agent.write(job, { a: '1' });
  const ref = await agent.collect(job);
  faulty.proxy.add({ fault: { kind: 'delay', ms: 300 }, operation: 'HeadObject', key: '/a$' });
  const committed = agent.client.commit(ref, never);
  const heard = expect(committed).rejects.toMatchObject({ code: 'output-missing' });
  await faulty.proxy.until('HeadObject');
  await agent.put('a', '2');
  await heard;
});

test('outputs of a group are completed level by level', async () => {
  const agent = start();
  const levels = ['last', 'middle', 'first'].map((name, index) => agent.output(name, { level: 2 - index }));
  const job = agent.job({ outputs: levels });
  await agent.client.stage(job, never);
  agent.write(job, { first: '1', middle: '2', last: '3' });
  await agent.commit(await agent.collect(job));
  const completed = faulty.proxy.seen.filter(({ operation }) => operation === 'CompleteMultipartUpload');
  expect(completed.map(({ key }) => key.split('/').at(-1))).toEqual(['first', 'middle', 'last']);
});
