import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/**
 * Names everything of one working directory in the cluster, as a label. Random, so that two machines with directories of one
 * name never take each other's objects for their own; kept in the state directory, so that a later core finds them again.
 */
export function runIdOf(stateDir: string, workdir: string): string {
  const path = join(stateDir, 'run-id');
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const readable = basename(workdir)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 30);
  const id = `${readable === '' ? 'run' : readable}-${randomBytes(4).toString('hex')}`;
  writeFileSync(path, `${id}\n`);
  return id;
}
