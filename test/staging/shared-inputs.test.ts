import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { lackOfSmallDisk, mountSmallDisk } from '../small-disk.ts';
import { testUnless } from '../test-unless.ts';
import { FaultyStore } from './faulty-store.ts';
import { LiveAgent, never } from './live-agent.ts';
import { s3Place } from './stores.ts';

const faulty = FaultyStore.forThisFile();
const start = (): LiveAgent => faulty.start();

test('an input that many steps want is fetched once, and kept for those that come later', async () => {
  const agent = start();
  await agent.put('in', 'shared');
  const jobs = Array.from({ length: 10 }, () => agent.job({ inputs: [agent.input('in')] }));
  await Promise.all(jobs.map((job) => agent.client.stage(job, never)));
  expect(faulty.proxy.count('GetObject')).toBe(1);
  const later = agent.job({ inputs: [agent.input('in')] });
  await agent.client.stage(later, never);
  expect([faulty.proxy.count('GetObject'), faulty.proxy.count('HeadObject', /in$/)]).toEqual([1, 1]);
  const inodes = [...jobs, later].map(({ workdir }) => statSync(join(workdir, 'in')).ino);
  expect(new Set(inodes).size).toBe(1);
});

test('an input that was replaced in storage is fetched anew', async () => {
  const agent = start();
  await agent.put('in', 'one');
  const [first, second] = [agent.job({ inputs: [agent.input('in')] }), agent.job({ inputs: [agent.input('in')] })];
  await agent.client.stage(first, never);
  await agent.put('in', 'two');
  await agent.client.stage(second, never);
  expect(readFileSync(join(first.workdir, 'in'), 'utf8')).toBe('one');
  expect(readFileSync(join(second.workdir, 'in'), 'utf8')).toBe('two');
});

test('a step that gives up does not take the download from the others', async () => {
  const agent = start();
  await agent.put('in', 'x');
  faulty.proxy.add({ fault: { kind: 'delay', ms: 300 }, operation: 'GetObject' });
  const controller = new AbortController();
  const gone = agent.client.stage(agent.job({ inputs: [agent.input('in')] }), controller.signal);
  const heard = expect(gone).rejects.toMatchObject({ name: 'AbortError' });
  const stays = agent.job({ inputs: [agent.input('in')] });
  const staged = agent.client.stage(stays, never);
  await faulty.proxy.until('GetObject');
  controller.abort();
  await heard;
  await staged;
  expect(readFileSync(join(stays.workdir, 'in'), 'utf8')).toBe('x');
  expect(faulty.proxy.count('GetObject')).toBe(1);
});

test('an input that a command changes in place harms nobody unseen', async () => {
  const agent = start();
  await agent.put('in', 'clean');
  const make = () => agent.job({ inputs: [agent.input('in')], outputs: [agent.output('o', { touch: true })] });
  // Alone: its own business.
  const alone = make();
  await agent.client.stage(alone, never);
  appendFileSync(join(alone.workdir, 'in'), ' spoilt');
  await agent.collect(alone);
  await agent.client.forget(alone.step, alone.workdir);

  // From then on each has its own copy.
  const [one, other] = [make(), make()];
  await agent.client.stage(one, never);
  await agent.client.stage(other, never);
  appendFileSync(join(one.workdir, 'in'), ' spoilt');
  expect(readFileSync(join(other.workdir, 'in'), 'utf8')).toBe('clean');
  await agent.collect(one);
  await agent.collect(other);
});

test('a step whose shared input another one changed in place fails, and its next try has a copy of its own', async () => {
  const agent = start();
  await agent.put('in', 'clean');
  const make = () => agent.job({ inputs: [agent.input('in')], outputs: [agent.output('o', { touch: true })] });
  const [one, other] = [make(), make()];
  await agent.client.stage(one, never);
  await agent.client.stage(other, never);
  appendFileSync(join(one.workdir, 'in'), ' spoilt');
  await expect(agent.collect(other)).rejects.toMatchObject({ code: 'object-changed' });
  await agent.client.stage(other, never);
  expect(readFileSync(join(other.workdir, 'in'), 'utf8')).toBe('clean');
  await agent.collect(other);
});

test('a command that replaces its input by another file changes nothing for others', async () => {
  const agent = start();
  await agent.put('in', 'clean');
  const make = () => agent.job({ inputs: [agent.input('in')], outputs: [agent.output('o', { touch: true })] });
  const [one, other] = [make(), make()];
  await agent.client.stage(one, never);
  await agent.client.stage(other, never);
  rmSync(join(one.workdir, 'in'));
  writeFileSync(join(one.workdir, 'in'), 'mine');
  await agent.collect(one);
  await agent.collect(other);
  expect(readFileSync(join(other.workdir, 'in'), 'utf8')).toBe('clean');
});

testUnless(lackOfSmallDisk(), 'a full disk is said with the path, after unused copies were given up', async () => {
  const agent = new LiveAgent(s3Place(faulty.server));
  for (const folder of ['state', 'work']) {
    const path = join(agent.folder, folder);
    mkdirSync(path, { recursive: true });
  }
  const state = join(agent.folder, 'state');
  mountSmallDisk(state, 8);
  agent.client.configure(agent.access);
  await agent.put('a', Buffer.alloc(5 * 1024 * 1024, 'a'));
  await agent.put('b', Buffer.alloc(5 * 1024 * 1024, 'b'));
  await agent.put('c', Buffer.alloc(9 * 1024 * 1024, 'c'));
  for (const name of ['a', 'b']) {
    const job = agent.job({ inputs: [agent.input(name)] });
    await agent.client.stage(job, never);
    expect(statSync(join(job.workdir, name)).size).toBe(5 * 1024 * 1024);
  }
  await expect(agent.client.stage(agent.job({ inputs: [agent.input('c')] }), never)).rejects.toMatchObject({
    code: 'disk-full',
    message: expect.stringContaining(state),
  });
});

test('local copies that nobody uses go with the agent, those in use stay', async () => {
  const agent = start();
  await agent.put('a', 'a');
  await agent.put('b', 'b');
  const [ended, running] = [agent.job({ inputs: [agent.input('a')] }), agent.job({ inputs: [agent.input('b')] })];
  await agent.client.stage(ended, never);
  await agent.client.stage(running, never);
  const copies = (): number => readdirSync(join(agent.folder, 'state/objects')).length;
  await agent.client.forget(ended.step, ended.workdir);
  expect(copies()).toBe(2);
  await agent.client.close();
  expect(copies()).toBe(1);
  expect(readFileSync(join(running.workdir, 'b'), 'utf8')).toBe('b');
});
