import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { root } from '../../tools/docs/source-files.ts';
import { layers } from '../../tools/lint/layers.mjs';
import { page } from './pages.ts';

const text = page('ARCHITECTURE.md');
/** `path/of/a/file.ts` or `path/of/a/file.ts#name`, as the page writes them. */
const named = [
  ...text.matchAll(/`((?:src|integrations|tools|test|docs|examples|bench|\.ci)\/[^`\s#]*)(?:#(\w+))?`/g),
].map(([, file = '', name]) => ({ file, name }));
const planned = new Set(['src/staging']);

test('every file and folder that it names exists', () => {
  expect(named.length).toBeGreaterThan(40);
  expect(named.filter(({ file }) => !planned.has(file) && !existsSync(path.join(root, file)))).toEqual([]);
});

test('every function that it names is defined in the file that it names', () => {
  const missing = named.filter(({ file, name }) => {
    if (name === undefined) return false;
    const word = '(?:export|public|private|static|override|async|get)';
    const definition = new RegExp(
      `^\\s*(?:(?:${word} )*(?:function|class|const|def)\\*? ${name}\\b|(?:${word} )*(?:\\* ?)?#?${name}\\((?!.*;$))`,
      'm',
    );
    return !definition.test(readFileSync(path.join(root, file), 'utf8'));
  });
  expect(missing).toEqual([]);
});

test('its table of layers is that of the lint rule', () => {
  const rows = [...text.matchAll(/^\| `src\/([a-z]+)` \| [^|]+ \| ([^|]*) \|$/gm)].map(
    ([, layer = '', imports = '']) => [layer, imports.trim() === 'nothing' ? [] : imports.trim().split(', ')],
  );
  expect(Object.fromEntries(rows)).toEqual(
    Object.fromEntries(Object.entries(layers).map(([name, { imports }]) => [name, imports])),
  );
});
