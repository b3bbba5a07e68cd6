import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseConfiguration } from '../../src/config/load.ts';
import { configurationSchema } from '../../tools/docs/json-documents.ts';
import { root } from '../../tools/docs/source-files.ts';
import { page, pages } from './pages.ts';

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly anyOf?: readonly Schema[];
}

/** `local.queues.<name>.cpu` and the like, of every field of konverge.yaml. */
function fieldsOf(schema: Schema, at: readonly string[] = []): string[] {
  const own = Object.entries(schema.properties ?? {}).flatMap(([name, inner]) => fieldsOf(inner, [...at, name]));
  const { additionalProperties: more } = schema;
  const named = typeof more === 'object' && more.properties ? fieldsOf(more, [...at, '<name>']) : [];
  return own.length + named.length > 0 ? [...own, ...named] : [at.join('.')];
}

test('docs/reference/konverge-yaml.md has every field of the schema, and no other', () => {
  const text = page('docs/reference/konverge-yaml.md');
  const documented = [...text.matchAll(/^\| `([a-z_.<>]+)` \|/gm)].map(([, field = '']) => field);
  expect(documented.toSorted()).toEqual(fieldsOf(configurationSchema() as Schema).toSorted());
});

describe('every konverge.yaml that a page shows can be read', () => {
  const examples = pages().flatMap(({ path: file, text }) =>
    [...text.matchAll(/^```yaml\n# konverge\.yaml.*\n([\s\S]*?)^```$/gm)].map(([, yaml = ''], at) => ({
      file,
      at,
      yaml,
    })),
  );
  expect(examples.length).toBeGreaterThan(4);
  for (const { file, at, yaml } of examples) {
    test(`${file}, number ${at + 1}`, () => {
      expect(() => parseConfiguration(yaml, 'konverge.yaml')).not.toThrow();
    });
  }
});

test('docs/reference/resources.md has every resource that has a meaning of its own', () => {
  const source = readFileSync(path.join(root, 'src/frontends/snakemake/resources.ts'), 'utf8');
  const known = /const known = new Set\(\s*`([^`]+)`/.exec(source)?.[1]?.split(/\s+/) ?? [];
  expect(known.length).toBeGreaterThan(30);
  const text = page('docs/reference/resources.md');
  expect(known.filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
});

test("docs/guides/migrating-from-the-2024-plugin.md has every flag of the plugin's settings", () => {
  const source = readFileSync(
    path.join(root, 'integrations/snakemake/src/snakemake_executor_plugin_kueue/settings.py'),
    'utf8',
  );
  const flags = [...source.matchAll(/^ {4}(\w+): Optional\[/gm)].map(
    ([, name = '']) => `--kueue-${name.replaceAll('_', '-')}`,
  );
  expect(flags.length).toBeGreaterThan(10);
  const text = page('docs/guides/migrating-from-the-2024-plugin.md');
  expect(flags.filter((flag) => !text.includes(`\`${flag}\``))).toEqual([]);
});

test('docs/reference/fidelity.md has every reason for which a rule runs through Snakemake', () => {
  const source = readFileSync(
    path.join(root, 'integrations/snakemake/src/snakemake_executor_plugin_kueue/reasons.py'),
    'utf8',
  );
  const reasons = [...source.matchAll(/(?:reasons\.append\(|return \[|found \+= \[)"([^"]+)"/g)].map(
    ([, reason = '']) => reason,
  );
  expect(reasons.length).toBeGreaterThan(5);
  const text = page('docs/reference/fidelity.md');
  expect(reasons.filter((reason) => !text.includes(`| ${reason} |`))).toEqual([]);
});
