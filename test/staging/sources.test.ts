import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LiveAgent, never } from './live-agent.ts';
import { buildPatienceMs, type Stores, startStores } from './stores.ts';

let stores: Stores;
beforeAll(async () => {
  stores = await startStores();
}, buildPatienceMs);
afterAll(() => stores.stop());

/** An archive as the plugin makes it: Python's tarfile, gzip'd. */
function makeArchive(agent: LiveAgent): { readonly digest: string; readonly path: string } {
  const tree = join(agent.folder, 'tree');
  mkdirSync(join(tree, 'scripts'), { recursive: true });
  writeFileSync(join(tree, 'scripts/run ü.sh'), '#!/bin/sh\necho hello\n');
  chmodSync(join(tree, 'scripts/run ü.sh'), 0o755);
  writeFileSync(join(tree, 'config.yaml'), 'a: 1\n');
  symlinkSync('config.yaml', join(tree, 'again.yaml'));
  const path = join(agent.folder, 'sources.tar.gz');
  execFileSync('tar', ['-czf', path, '-C', tree, '.']);
  return { path, digest: createHash('sha256').update(readFileSync(path)).digest('hex') };
}

test('the sources are in the working directory, executable as they were, and in the bucket', async () => {
  const agent = new LiveAgent(stores.place('s3'));
  const sources = makeArchive(agent);
  agent.client.configure({ ...agent.access, sources });
  const [job, other] = [agent.job({ sources: sources.digest }), agent.job({ sources: sources.digest })];
  await agent.client.stage(job, never);
  expect(execFileSync('./scripts/run ü.sh', { cwd: job.workdir }).toString()).toBe('hello\n');
  expect(readFileSync(join(job.workdir, 'again.yaml'), 'utf8')).toBe('a: 1\n');
  expect(await agent.store.head(agent.at(`.area/sources/${sources.digest}.tar.gz`))).toBeDefined();

  // A command may write into its sources: only itself sees it.
  const config = join(job.workdir, 'config.yaml');
  expect(statSync(config).nlink).toBe(2);
  appendFileSync(config, 'b: 2\n');
  await agent.client.stage(other, never);
  expect(readFileSync(join(other.workdir, 'config.yaml'), 'utf8')).toBe('a: 1\n');
  expect(lstatSync(join(other.workdir, 'scripts')).isDirectory()).toBe(true);
});

test('without the local archive that of the bucket is used; without both it is said', async () => {
  const first = new LiveAgent(stores.place('s3'));
  const sources = makeArchive(first);
  first.client.configure({ ...first.access, sources });
  await first.client.stage(first.job({ sources: sources.digest }), never);
  rmSync(sources.path);
  rmSync(join(first.folder, 'state/sources'), { recursive: true });
  const job = first.job({ sources: sources.digest });
  await first.client.stage(job, never);
  expect(readFileSync(join(job.workdir, 'config.yaml'), 'utf8')).toBe('a: 1\n');
  const unknown = first.client.stage(first.job({ sources: 'f'.repeat(64) }), never);
  await expect(unknown).rejects.toMatchObject({ code: 'sources-missing' });
});

test('an archive that is not what its digest says is refused', async () => {
  const agent = new LiveAgent(stores.place('s3'));
  const sources = makeArchive(agent);
  agent.client.configure({ ...agent.access, sources });
  appendFileSync(sources.path, 'x');
  await agent.store.put(agent.at(`.area/sources/${sources.digest}.tar.gz`), Buffer.from('something else'));
  const staged = agent.client.stage(agent.job({ sources: sources.digest }), never);
  await expect(staged).rejects.toMatchObject({ code: 'sources-missing' });
});
