// Writes the generated parts of the documentation from the code. Run by Node 24 as it is:
//
//     npm run docs
//
// test/docs/generated.test.ts fails when the committed files are not what this makes.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { commandRegions } from './command-regions.ts';
import { errorRegions } from './error-regions.ts';
import { configurationSchema, openApi } from './json-documents.ts';
import { kindRegions } from './kind-regions.ts';
import { withRegions } from './regions.ts';
import { root } from './source-files.ts';

export interface GeneratedFile {
  /** From the repository's root. */
  readonly path: string;
  /** The whole content, from the content as it is. */
  make(current: string): string;
}

export const generatedFiles: readonly GeneratedFile[] = [
  { path: 'docs/reference/errors.md', make: (current) => withRegions(current, errorRegions()) },
  { path: 'docs/reference/kinds.md', make: (current) => withRegions(current, kindRegions()) },
  { path: 'docs/reference/cli.md', make: (current) => withRegions(current, commandRegions()) },
  { path: 'docs/reference/konverge.schema.json', make: () => json(configurationSchema()) },
  { path: 'docs/reference/openapi.json', make: () => json(openApi()) },
];

/** The file as it is; empty if there is none. */
export function readCurrent(file: string): string {
  try {
    return readFileSync(path.join(root, file), 'utf8');
  } catch {
    return '';
  }
}

/** In the layout that `npm run check` asks for. */
function json(value: unknown): string {
  const biome = path.join(root, 'node_modules/@biomejs/biome/bin/biome');
  const argv = [biome, 'format', '--stdin-file-path=docs/reference/generated.json'];
  return execFileSync(process.execPath, argv, { cwd: root, input: JSON.stringify(value, null, 2), encoding: 'utf8' });
}

if (import.meta.main) {
  for (const file of generatedFiles) {
    const current = readCurrent(file.path);
    const made = file.make(current);
    if (made !== current) writeFileSync(path.join(root, file.path), made);
    console.log(`${made === current ? 'as it was' : 'written  '}  ${file.path}`);
  }
}
