import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeOnce } from './make-once.mjs';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'konverge-make-once-'));
});

afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

function thing(content: string, ...scripts: readonly string[]): Parameters<typeof makeOnce>[0] {
  return {
    what: 'a thing for a test',
    lock: path.join(directory, 'lock'),
    marker: path.join(directory, 'marker'),
    content,
    commands: scripts.map((script) => ['sh', '-c', script, 'sh', directory]),
  };
}

const countUp = 'echo run >> "$1/runs"';

async function runs(): Promise<number> {
  return (await readFile(path.join(directory, 'runs'), 'utf8')).split('\n').length - 1;
}

test('makes a thing once, and again when what it depends on has changed', async () => {
  await makeOnce(thing('one', countUp), 'python3');
  await makeOnce(thing('one', countUp), 'python3');
  expect(await runs()).toBe(1);
  await makeOnce(thing('two', countUp), 'python3');
  expect(await runs()).toBe(2);
});

test('of several at the same moment one makes it and the others wait', async () => {
  const slow = `sleep 0.3; ${countUp}`;
  await Promise.all([1, 2, 3].map(() => makeOnce(thing('one', slow), 'python3')));
  expect(await runs()).toBe(1);
});

test('a half-made thing is made again from the beginning', async () => {
  await expect(makeOnce(thing('one', countUp, 'exit 3'), 'python3')).rejects.toThrow(
    'installing a thing for a test failed (see above)',
  );
  expect(existsSync(path.join(directory, 'marker'))).toBe(false);
  await makeOnce(thing('one', countUp), 'python3');
  expect(await runs()).toBe(2);
});

test('a lock file left behind by a dead process locks nobody out', async () => {
  await writeFile(path.join(directory, 'lock'), '');
  await makeOnce(thing('one', countUp), 'python3');
  expect(await runs()).toBe(1);
});
