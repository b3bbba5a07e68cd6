// Proves that the rules fire: oxlint itself runs, with our configuration, over small wrong files.
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');

interface Diagnostic {
  readonly code: string;
  readonly filename: string;
  readonly message: string;
}

interface Case {
  readonly file: string;
  readonly text: string;
  /** The rule that must fire, or null where none may. */
  readonly rule: string | null;
  readonly message?: RegExp;
}

const layers = 'konverge(layers)';

function importing(file: string, specifier: string, message: RegExp | null): Case {
  const text = `import type { X } from '${specifier}';\nexport type Y = X;\n`;
  return message === null ? { file, text, rule: null } : { file, text, rule: layers, message };
}

const cases: readonly Case[] = [
  importing('src/domain/a.ts', '../ports/p.ts', /domain must not import ports; it may import: nothing/),
  importing('src/domain/b.ts', '../engines/local/e.ts', /must not import engines/),
  importing('src/domain/c.ts', 'node:fs', /must not import node:fs/),
  importing('src/domain/d.ts', 'zod', /must not import zod/),
  importing('src/domain/deep/e.ts', '../../app/a.ts', /must not import app/),
  importing('src/domain/f.ts', 'node:crypto', null),
  importing('src/domain/deep/g.ts', '../h.ts', null),
  importing('src/ports/a.ts', '../app/a.ts', /ports must not import app/),
  importing('src/ports/b.ts', 'node:stream', /must not import node:stream/),
  importing('src/ports/c.ts', '../domain/h.ts', null),
  importing('src/app/a.ts', '../engines/registry.ts', /app must not import engines/),
  importing('src/app/b.ts', '../storage/s.ts', /app must not import storage/),
  importing('src/app/c.ts', '../frontends/http/f.ts', /app must not import frontends/),
  importing('src/app/d.ts', '../daemon/d.ts', /app must not import daemon/),
  importing('src/app/e.ts', '../config/c.ts', /app must not import config/),
  importing('src/app/f.ts', '../ports/p.ts', null),
  importing('src/engines/local/a.ts', '../kubernetes/k.ts', /engines\/local must not import engines\/kubernetes/),
  importing('src/engines/local/b.ts', '../registry.ts', /engines\/local must not import src\/engines\/registry/),
  importing('src/engines/local/c.ts', '../../app/a.ts', /engines must not import app/),
  importing('src/engines/local/d.ts', '../../storage/s.ts', /engines must not import storage/),
  importing('src/engines/local/e.ts', './deep/x.ts', null),
  importing('src/engines/local/deep/f.ts', '../../../ports/p.ts', null),
  importing('src/engines/registry.ts', './local/e.ts', null),
  importing('src/storage/a.ts', '../app/a.ts', /storage must not import app/),
  importing('src/config/a.ts', '../ports/p.ts', /config must not import ports/),
  importing('src/frontends/http/a.ts', '../../engines/registry.ts', /frontends must not import engines/),
  importing('src/frontends/http/b.ts', '../../storage/s.ts', /frontends must not import storage/),
  importing('src/frontends/http/c.ts', '../../daemon/d.ts', /frontends must not import daemon/),
  importing('src/frontends/http/d.ts', '../../app/a.ts', null),
  importing('src/daemon/a.ts', '../engines/registry.ts', null),
  importing('src/daemon/b.ts', '../../test/fake.ts', /must not import test\/fake.ts, outside src/),
  importing('src/daemon/c.ts', '../../package.json', null),
  importing('src/newcomer/a.ts', '../domain/h.ts', /not in the table of layers/),
  importing('src/app/submit.test.ts', '../storage/s.ts', null),
  {
    file: 'src/domain/dynamic.ts',
    text: "export const load = (): Promise<unknown> => import('../app/a.ts');\n",
    rule: layers,
    message: /must not import app/,
  },
  {
    file: 'src/domain/again.ts',
    text: "export * from '../app/a.ts';\n",
    rule: layers,
    message: /must not import app/,
  },
  {
    file: 'src/domain/inline-type.ts',
    text: "export type Z = import('../app/a.ts').X;\n",
    rule: layers,
    message: /must not import app/,
  },
  { file: 'src/app/utils/x.ts', text: 'export const x = 1;\n', rule: 'konverge(path-name)' },
  { file: 'src/app/helpers.ts', text: 'export const x = 1;\n', rule: 'konverge(path-name)' },
  { file: 'src/app/camelCase.ts', text: 'export const x = 1;\n', rule: 'konverge(path-name)' },
  {
    file: 'src/domain/clock.ts',
    text: 'export const now = (): number => Date.now();\n',
    rule: 'eslint(no-restricted-properties)',
  },
  { file: 'src/app/default.ts', text: 'export default 1;\n', rule: 'import(no-default-export)' },
  {
    file: 'src/app/floating.ts',
    text: 'export function f(p: Promise<void>): void {\n  p;\n}\n',
    rule: 'typescript(no-floating-promises)',
  },
  {
    file: 'src/app/inexhaustive.ts',
    text: [
      "export function f(kind: 'a' | 'b'): number {",
      '  switch (kind) {',
      "    case 'a':",
      '      return 1;',
      '  }',
      '  return 2;',
      '}',
      '',
    ].join('\n'),
    rule: 'typescript(switch-exhaustiveness-check)',
  },
  {
    file: 'src/app/cycle-one.ts',
    text: "import { two } from './cycle-two.ts';\nexport const one = (): number => two();\n",
    rule: 'import(no-cycle)',
  },
  {
    file: 'src/app/cycle-two.ts',
    text: "import { one } from './cycle-one.ts';\nexport const two = (): number => one();\n",
    rule: 'import(no-cycle)',
  },
];

let directory: string;
let diagnostics: readonly Diagnostic[];

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'konverge-lint-'));
  await cp(path.join(root, '.oxlintrc.json'), path.join(directory, '.oxlintrc.json'));
  await cp(path.join(root, 'tsconfig.json'), path.join(directory, 'tsconfig.json'));
  await cp(path.join(root, 'tools/lint'), path.join(directory, 'tools/lint'), { recursive: true });
  await symlink(path.join(root, 'node_modules'), path.join(directory, 'node_modules'));
  for (const { file, text } of cases) {
    await mkdir(path.join(directory, path.dirname(file)), { recursive: true });
    await writeFile(path.join(directory, file), text);
  }
  diagnostics = await oxlint(directory);
}, 60_000);

afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
});

describe('house rules', () => {
  test.each(cases)('$file: $rule $message', ({ file, rule, message }) => {
    const found = diagnostics.filter((diagnostic) => diagnostic.filename === file);
    if (rule === null) {
      expect(found.filter((diagnostic) => diagnostic.code.startsWith('konverge('))).toEqual([]);
      return;
    }
    expect(found.map((diagnostic) => diagnostic.code)).toContain(rule);
    if (message !== undefined) {
      expect(found.find((diagnostic) => diagnostic.code === rule)?.message).toMatch(message);
    }
  });
});

function oxlint(cwd: string): Promise<readonly Diagnostic[]> {
  const binary = path.join(root, 'node_modules/oxlint/bin/oxlint');
  return new Promise((resolve, reject) => {
    const argv = [binary, '--type-aware', '--format', 'json', 'src'];
    execFile(process.execPath, argv, { cwd, maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      // oxlint exits with 1 when it found something, which is what these tests want.
      try {
        resolve((JSON.parse(stdout) as { diagnostics: Diagnostic[] }).diagnostics);
      } catch {
        reject(new Error(`oxlint gave no report: ${stderr}${stdout}`, { cause: error }));
      }
    });
  });
}
