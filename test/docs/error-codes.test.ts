import { expect, test } from 'vitest';
import { errorTable } from '../../src/domain/error-table.ts';
import { isProgramText, sourceFiles } from '../../tools/docs/source-files.ts';
import { page } from './pages.ts';

const documented = page('docs/reference/errors.md');

test('every code that an error is made with is in the table', () => {
  const used = sourceFiles('src', isProgramText).flatMap(({ path: file, text }) =>
    [...text.matchAll(/new KonvergeError\(\s*'([^']+)'/g)].map(([, code = '']) => ({ file, code })),
  );
  expect(used.length).toBeGreaterThan(20);
  expect(used.filter(({ code }) => !Object.hasOwn(errorTable, code))).toEqual([]);
});

test('every code of the table is explained', () => {
  expect(Object.keys(errorTable).filter((code) => !documented.includes(`| \`${code}\` |`))).toEqual([]);
});

test('every code that the Snakemake plugin makes by itself is explained', () => {
  const made = sourceFiles('integrations/snakemake/src', (file) => file.endsWith('.py')).flatMap(({ text }) =>
    [...text.matchAll(/Core\w*Error\(\s*"([a-z-]+)"/g)].map(([, code = '']) => code),
  );
  expect(made).toContain('core-not-startable');
  expect(made.filter((code) => !documented.includes(`\`${code}\``))).toEqual([]);
});

test('every test on a cluster that the page names is there', () => {
  const section = /## When the cluster goes wrong\n(.*?)\n## /s.exec(documented)?.[1] ?? '';
  const named = section
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| what'))
    .flatMap((line) => [...(line.split(' | ').at(-1) ?? '').matchAll(/`([^`]+)`/g)].map(([, name = '']) => name));
  const there = new Set(
    sourceFiles('test/cluster', (file) => /\.test\.ts$|\/test_\w+\.py$/.test(file)).map(({ path: file }) =>
      file.replace(/^test\/cluster\//, '').replace(/\.test\.ts$|\.py$/, ''),
    ),
  );
  expect(named.length).toBeGreaterThan(30);
  expect(named.filter((name) => !there.has(name))).toEqual([]);
});
