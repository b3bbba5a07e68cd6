import { existsSync } from 'node:fs';
import path from 'node:path';
import { root } from './place.mjs';

const folders = [
  'integrations/snakemake/src',
  'integrations/snakemake/tests',
  'test/workflows',
  'test/cli',
  'test/examples',
  'test/wheel',
  'test/cluster/workflows',
  'tools',
  'bench',
];

/** Folders with Python in them, from the repository's root. */
export function pythonSources() {
  return folders.filter((folder) => existsSync(path.join(root, folder)));
}

/** One configuration for all Python, also for what is outside the package's folder. */
export const ruffConfig = ['--config', 'integrations/snakemake/pyproject.toml'];
