import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

export const root: string = path.resolve(import.meta.dirname, '../..');

export interface SourceFile {
  /** From the repository's root, with `/`. */
  readonly path: string;
  readonly text: string;
}

const notOurs = new Set(['node_modules', '.git', '.work', '.snakemake', 'dist', 'coverage', '__pycache__', '.venv']);

/** Files below a folder of the repository, in a stable order, without what is installed, built or left behind. */
export function sourceFiles(folder: string, wanted: (file: string) => boolean): SourceFile[] {
  const entries = readdirSync(path.join(root, folder), { withFileTypes: true }).sort((a, b) =>
    a.name < b.name ? -1 : 1,
  );
  return entries.flatMap((entry) => {
    const file = folder === '.' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) return notOurs.has(entry.name) ? [] : sourceFiles(file, wanted);
    return entry.isFile() && wanted(file) ? [{ path: file, text: readFileSync(path.join(root, file), 'utf8') }] : [];
  });
}

export function isProgramText(file: string): boolean {
  return file.endsWith('.ts') && !file.endsWith('.test.ts');
}
