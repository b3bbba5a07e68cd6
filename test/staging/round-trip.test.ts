import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LiveAgent, never, succeeded } from './live-agent.ts';
import { buildPatienceMs, type Stores, startStores, storeKinds } from './stores.ts';

let stores: Stores;
beforeAll(async () => {
  stores = await startStores();
}, buildPatienceMs);
afterAll(() => stores.stop());

const odd = ['odd na#me?&%+ü', 'with space', 'new\nline', 'quo\'te"s'];

describe.each(storeKinds)('with a store of the kind %s', (kind) => {
  const start = (): LiveAgent => LiveAgent.configured(stores.place(kind));

  test('a step gets its inputs, and what it makes appears at once and whole', async () => {
    const agent = start();
    await agent.put('in/a.txt', 'alpha');
    await agent.put('in/empty', '');
    await agent.put('tree/x', '1');
    await agent.put('tree/deep/y', '2');
    const job = agent.job({
      inputs: [agent.input('in/a.txt'), agent.input('in/empty'), agent.input('tree'), agent.input('tree/deep/y')],
      outputs: [agent.output('out/b.txt'), agent.output('out/none'), agent.output('touched', { touch: true })],
      logs: [{ path: 'logs/a.log', at: agent.at('logs/a.log') }],
      benchmark: { path: 'bench/b.tsv', at: agent.at('bench/b.tsv'), format: 'tsv' },
      inner: ['inner/only/f'],
    });
    await agent.client.stage(job, never);
    const read = (path: string): string => readFileSync(join(job.workdir, path), 'utf8');
    expect([read('in/a.txt'), read('in/empty'), read('tree/x'), read('tree/deep/y')]).toEqual(['alpha', '', '1', '2']);
    expect(readdirSync(join(job.workdir, 'inner/only'))).toEqual([]);

    agent.write(job, { 'out/b.txt': 'beta', 'out/none': '' });
    const ref = await agent.collect(job);
    expect(await agent.content('out/b.txt')).toBeUndefined();
    expect(await agent.openUploads()).toBe(5);
    await agent.client.commit(ref, never);
    // The answer may be lost: the same again.
    await agent.client.commit(ref, never);
    expect(await agent.manifests()).toBe(1);
    await agent.client.release(ref);
    await agent.client.verify(job.plan, never);

    expect(await agent.content('out/b.txt')).toBe('beta');
    expect([
      await agent.content('out/none'),
      await agent.content('touched'),
      await agent.content('logs/a.log'),
    ]).toEqual(['', '', '']);
    expect(await agent.content('bench/b.tsv')).toMatch(/^s\th:m:s\t.*\n1\.00\t0:00:01\tNA/);
    expect([await agent.openUploads(), await agent.manifests()]).toEqual([0, 0]);
    await agent.client.forget(job.step, job.workdir);
    expect(lstatSync(job.workdir, { throwIfNoEntry: false })).toBeUndefined();
  });

  test('odd names go both ways', async () => {
    const agent = start();
    for (const name of odd) await agent.put(`in/${name}`, name);
    const job = agent.job({
      inputs: [...odd.map((name) => agent.input(`in/${name}`)), { path: 'copy', at: agent.at('in') }],
      outputs: [...odd.map((name) => agent.output(`out/${name}`)), agent.output('dir', { kind: 'directory' })],
    });
    await agent.client.stage(job, never);
    for (const name of odd) {
      const content = readFileSync(join(job.workdir, 'in', name), 'utf8');
      expect(readFileSync(join(job.workdir, 'copy', name), 'utf8')).toBe(content);
      agent.write(job, { [`out/${name}`]: content, [`dir/${name}/${name}`]: content });
    }
    await agent.commit(await agent.collect(job));
    for (const name of odd) {
      expect(await agent.content(`out/${name}`)).toBe(name);
      expect(await agent.content(`dir/${name}/${name}`)).toBe(name);
    }
    await agent.client.verify(job.plan, never);
  });

  test('a directory holds what the step made and nothing of an earlier one', async () => {
    const agent = start();
    await agent.put('d/old', 'x');
    await agent.put('d/sub/old', 'x');
    const job = agent.job({
      outputs: [agent.output('d', { kind: 'directory' }), agent.output('e', { kind: 'directory' })],
    });
    await agent.client.stage(job, never);
    agent.write(job, { 'd/new': 'n', 'd/sub/new': 'n' });
    mkdirSync(join(job.workdir, 'e'));
    await agent.commit(await agent.collect(job));
    expect(await agent.keys()).toEqual(['d/.snakemake_timestamp', 'd/new', 'd/sub/new', 'e/.snakemake_timestamp']);
  });

  test('an update() output comes in as a copy of its own', async () => {
    const agent = start();
    await agent.put('log.txt', 'one');
    const job = agent.job({
      outputs: [agent.output('log.txt', { update: true }), agent.output('new', { update: true })],
    });
    await agent.client.stage(job, never);
    appendFileSync(join(job.workdir, 'log.txt'), ' two');
    agent.write(job, { new: 'n' });
    await agent.commit(await agent.collect(job));
    expect(await agent.content('log.txt')).toBe('one two');

    const reader = agent.job({ inputs: [agent.input('log.txt')] });
    await agent.client.stage(reader, never);
    expect(readFileSync(join(reader.workdir, 'log.txt'), 'utf8')).toBe('one two');
  });

  test('an extended benchmark has the sizes of the inputs, and a row for each run', async () => {
    const agent = start();
    await agent.put('in', Buffer.alloc(1024 * 1024));
    const extended = { jobid: '3', ruleName: 'r', wildcards: {}, params: {}, threads: 1, resources: {} };
    const benchmark = { path: 'b.jsonl', at: agent.at('b.jsonl'), format: 'jsonl', extended } as const;
    const job = agent.job({ inputs: [agent.input('in')], benchmark });
    await agent.client.stage(job, never);
    const usage = [{ wallMs: 1500, cpuMs: 750, maxRssBytes: 1024 * 1024 }, { wallMs: 1 }];
    const ref = await agent.client.collect(job, succeeded, usage, never);
    if (ref) await agent.commit(ref);
    const rows = (await agent.content('b.jsonl'))
      ?.trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(rows).toMatchObject([
      { s: 1.5, mean_load: 50, max_rss: 1, io_in: null, jobid: 3, input_size_mb: { in: 1 } },
      { s: 0.001, mean_load: 'NA' },
    ]);
  });

  test('of a failed step only the logs are stored', async () => {
    const agent = start();
    const job = agent.job({
      outputs: [agent.output('o')],
      logs: [
        { path: 'l', at: agent.at('l') },
        { path: 'm', at: agent.at('m') },
      ],
    });
    await agent.client.stage(job, never);
    agent.write(job, { o: 'half', l: 'why' });
    expect(await agent.client.collect(job, { succeeded: false, exitCode: 1 }, [], never)).toBeUndefined();
    expect(await agent.keys()).toEqual(['l']);
    expect(await agent.openUploads()).toBe(0);
  });

  test('a large file goes in parts and comes back in ranges', { timeout: 60_000 }, async () => {
    const agent = start();
    const job = agent.job({ outputs: [agent.output('big')] });
    await agent.client.stage(job, never);
    const path = join(job.workdir, 'big');
    writeFileSync(path, 'begin');
    truncateSync(path, 300 * 1024 * 1024);
    appendFileSync(path, 'end');
    await agent.commit(await agent.collect(job));

    const reader = agent.job({ inputs: [agent.input('big')] });
    await agent.client.stage(reader, never);
    const digest = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex');
    expect(digest(join(reader.workdir, 'big'))).toBe(digest(path));
  });

  test('symbolic links within the step are followed, others refused', async () => {
    const agent = start();
    await agent.put('in', 'input');
    const outputs = [agent.output('o'), agent.output('d', { kind: 'directory' })];
    const job = agent.job({ inputs: [agent.input('in')], outputs });
    const make = async (target: string): Promise<void> => {
      await agent.client.stage(job, never);
      agent.write(job, { 'd/file': 'f', 'other/g': 'g' });
      symlinkSync('in', join(job.workdir, 'o'));
      symlinkSync('../other', join(job.workdir, 'd/folder'));
      linkSync(join(job.workdir, 'd/file'), join(job.workdir, 'd/hard'));
      if (target !== '') symlinkSync(target, join(job.workdir, 'd/link'));
    };
    for (const target of ['/etc/passwd', 'nothing', 'link', '..', '../..']) {
      await make(target);
      const refused = { code: 'link-refused', message: expect.stringContaining('d/link') };
      await expect(agent.collect(job)).rejects.toMatchObject(refused);
    }
    await make('../in');
    await agent.commit(await agent.collect(job));
    expect(await agent.keys()).toEqual(
      ['in', 'o', 'd/.snakemake_timestamp', 'd/file', 'd/folder/g', 'd/hard', 'd/link'].toSorted(),
    );
    expect([await agent.content('o'), await agent.content('d/link')]).toEqual(['input', 'input']);
    expect(await agent.openUploads()).toBe(0);
  });

  test('what an output is not as the rule says, is said', async () => {
    const agent = start();
    const collect = async (more: Parameters<LiveAgent['output']>[1], content?: string): Promise<unknown> => {
      const job = agent.job({ outputs: [agent.output('o', more)] });
      await agent.client.stage(job, never);
      if (content === 'fifo') execFileSync('sh', ['-c', 'mkfifo o'], { cwd: job.workdir });
      else if (content === 'folder') mkdirSync(join(job.workdir, 'o'));
      else if (content !== undefined) agent.write(job, { o: content });
      return await agent.client.collect(job, succeeded, [], never);
    };
    const invalid = (text: string): object => ({ code: 'output-invalid', message: expect.stringContaining(text) });
    const checksum = { algorithm: 'md5', value: 'ABC' };
    await expect(collect({ ensure: { nonEmpty: true } }, '')).rejects.toMatchObject(invalid('is empty'));
    await expect(collect({ ensure: { nonEmpty: false, checksum } }, '')).rejects.toMatchObject(
      invalid('d41d8cd98f00b204e9800998ecf8427e'),
    );
    await expect(collect({}, 'fifo')).rejects.toMatchObject(invalid('named pipe'));
    await expect(collect({}, 'folder')).rejects.toMatchObject(invalid('is a directory'));
    await expect(collect({ kind: 'directory' }, 'x')).rejects.toMatchObject(invalid('is a file'));
    const right = { algorithm: 'sha256', value: createHash('sha256').update('x').digest('hex') };
    await expect(collect({ ensure: { nonEmpty: true, checksum: right } }, 'x')).resolves.toBeDefined();
  });

  test('all missing outputs are named, by path and key', async () => {
    const agent = start();
    const job = agent.job({ outputs: ['a', 'b', 'c'].map((name) => agent.output(name)) });
    await agent.client.stage(job, never);
    agent.write(job, { b: '' });
    const error = {
      code: 'output-missing',
      message: expect.stringMatching(/2 outputs are missing: a \(.*a\), c \(.*c\)/),
    };
    await expect(agent.collect(job)).rejects.toMatchObject(error);
    await expect(agent.client.verify(job.plan, never)).rejects.toMatchObject({ code: 'output-missing' });
  });

  test('a missing input, two files of one key and a path outside are refused', async () => {
    const agent = start();
    await agent.put('there', '');
    const stage = (plan: Parameters<LiveAgent['job']>[0]) => agent.client.stage(agent.job(plan), never);
    await expect(stage({ inputs: [agent.input('there'), agent.input('gone')] })).rejects.toMatchObject({
      code: 'object-missing',
      message: expect.stringContaining('gone'),
    });
    const twice = [agent.output('x/y'), { ...agent.output('z'), at: agent.at('x//y') }];
    await expect(stage({ outputs: twice })).rejects.toMatchObject({ code: 'request-invalid' });
    await expect(stage({ inputs: [{ path: '/etc/x', at: agent.at('there') }] })).rejects.toMatchObject({
      code: 'request-invalid',
    });
    await expect(stage({ outputs: [{ ...agent.output('x'), path: '../x' }] })).rejects.toMatchObject({
      code: 'request-invalid',
    });
  });

  test('a directory of 2,000 files', { timeout: 120_000 }, async () => {
    const agent = start();
    const job = agent.job({ outputs: [agent.output('many', { kind: 'directory' })] });
    await agent.client.stage(job, never);
    const names = Array.from({ length: 2000 }, (_, n) => `many/${n % 20}/${n}`);
    agent.write(job, Object.fromEntries(names.map((name) => [name, name])));
    await agent.commit(await agent.collect(job));
    expect((await agent.keys()).length).toBe(2001);
    const reader = agent.job({ inputs: [agent.input('many')] });
    await agent.client.stage(reader, never);
    for (const name of names) expect(readFileSync(join(reader.workdir, name), 'utf8')).toBe(name);
  });

  test('garbage of killed attempts is ended, and what is kept stays', async () => {
    const agent = start();
    const plan = { outputs: [agent.output('g/o'), agent.output('g/d', { kind: 'directory' })] };
    const [lost, parked] = [agent.job(plan), agent.job({ outputs: [agent.output('g/p')] })];
    for (const job of [lost, parked]) {
      await agent.client.stage(job, never);
      agent.write(job, { 'g/o': '1', 'g/d/f': '2', 'g/p': '3' });
    }
    const kept = await agent.collect(parked);
    await agent.collect(lost);
    await agent.store.openUpload(agent.at('g/other'));
    expect(await agent.openUploads()).toBe(5);
    expect(await agent.client.collectGarbage([lost, parked], [kept])).toEqual({ aborted: 3 });
    expect([await agent.openUploads(), await agent.manifests()]).toEqual([2, 1]);
    await agent.commit(kept);
    expect(await agent.content('g/p')).toBe('3');
  });

  test('a discarded attempt leaves nothing', async () => {
    const agent = start();
    const job = agent.job({ outputs: [agent.output('o')] });
    await agent.client.stage(job, never);
    agent.write(job, { o: 'x' });
    const ref = await agent.collect(job);
    await agent.client.discard(ref);
    await agent.client.discard(ref);
    expect([await agent.keys(), await agent.openUploads(), await agent.manifests()]).toEqual([[], 0, 0]);
    await expect(agent.client.commit(ref, never)).rejects.toMatchObject({ code: 'upload-missing' });
  });

  test('of two attempts of one step one is committed, and the other leaves nothing', async () => {
    const agent = start();
    const plan = { outputs: [agent.output('o'), agent.output('d', { kind: 'directory' })] };
    // As a pod that was given up for lost, and the one that was made in its place: one step, two places.
    const winner = agent.job(plan);
    const twin = { ...agent.job(plan), step: winner.step };
    for (const [job, text] of [
      [winner, 'winner'],
      [twin, 'twin'],
    ] as const) {
      await agent.client.stage(job, never);
      agent.write(job, { o: text, [`d/${text}`]: text });
    }
    const [first, late] = [await agent.collect(winner), await agent.collect(twin)];
    expect(first.at.key).not.toBe(late.at.key);
    await agent.commit(first);
    await agent.client.discard(late);
    expect(await agent.content('o')).toBe('winner');
    expect(await agent.keys()).toEqual(['d/.snakemake_timestamp', 'd/winner', 'o']);
    expect([await agent.openUploads(), await agent.manifests()]).toEqual([0, 0]);
  });

  test('if one upload is gone, nothing of the attempt stays', async () => {
    const agent = start();
    const job = agent.job({ outputs: ['a', 'b', 'c'].map((name) => agent.output(name)) });
    await agent.client.stage(job, never);
    agent.write(job, { a: '1', b: '2', c: '3' });
    const ref = await agent.collect(job);
    for await (const upload of agent.store.listUploads(agent.at('b'))) await agent.store.abortUpload(upload);
    await expect(agent.client.commit(ref, never)).rejects.toMatchObject({ code: 'upload-missing' });
    expect([await agent.keys(), await agent.openUploads(), await agent.manifests()]).toEqual([[], 0, 0]);
  });
});

test('a key that is also a prefix is refused', async () => {
  const agent = LiveAgent.configured(stores.place('s3'));
  const many = Array.from({ length: 12 }, (_, n) => `m/${n}`);
  const cases = [
    { outputs: [agent.output('a')], there: 'a/b', files: { a: '' } },
    { outputs: [agent.output('d', { kind: 'directory' })], there: 'd', files: { 'd/x': '' } },
    {
      outputs: many.map((name) => agent.output(name)),
      there: 'm/7/below/it',
      files: Object.fromEntries(many.map((name) => [name, ''])),
    },
  ];
  for (const { outputs, there, files } of cases) {
    const job = agent.job({ outputs });
    await agent.client.stage(job, never);
    agent.write(job, files);
    const ref = await agent.collect(job);
    await agent.put(there, 'in the way');
    await expect(agent.client.commit(ref, never)).rejects.toMatchObject({
      code: 'object-ambiguous',
      message: expect.stringContaining(there),
    });
    // A refused attempt leaves nothing; the next one finds the way free.
    expect([await agent.openUploads(), await agent.manifests()]).toEqual([0, 0]);
    await agent.store.remove(agent.at(there));
    await agent.commit(await agent.collect(job));
  }
});
