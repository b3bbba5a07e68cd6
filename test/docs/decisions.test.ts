import { readdirSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { root, sourceFiles } from '../../tools/docs/source-files.ts';
import { page } from './pages.ts';

const folder = 'docs/adr';
const files = readdirSync(path.join(root, folder)).filter((name) => name !== 'README.md');
const index = page(`${folder}/README.md`);

test('every decision has a number of its own and is in the index', () => {
  expect(files.filter((name) => !/^\d{4}-[a-z0-9-]+\.md$/.test(name))).toEqual([]);
  const numbers = files.map((name) => name.slice(0, 4));
  expect(numbers.filter((number, at) => numbers.indexOf(number) !== at)).toEqual([]);
  expect(files.filter((name) => !index.includes(`(${name})`))).toEqual([]);
});

test('every decision has context, decision, consequences and a status', () => {
  for (const name of files) {
    const text = page(`${folder}/${name}`);
    for (const part of [/^# /m, /^Status: \w+/m, /^## Context$/m, /^## Decision$/m, /^## Consequences$/m]) {
      expect(text, name).toMatch(part);
    }
  }
});

test('decisions that the code refers to exist', () => {
  const numbers = new Set(files.map((name) => name.slice(0, 4)));
  const texts = ['src', 'integrations', 'tools', 'test', 'bench'].flatMap((place) =>
    sourceFiles(place, (file) => /\.(ts|mjs|py|sh)$/.test(file)),
  );
  const missing = texts.flatMap(({ path: file, text }) =>
    [...text.matchAll(/docs\/adr\/(\d{4})/g)]
      .filter(([, number = '']) => !numbers.has(number))
      .map(([all]) => `${file}: ${all}`),
  );
  expect(missing).toEqual([]);
});
