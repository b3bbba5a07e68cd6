import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { makeOnce } from './make-once.mjs';
import { root, workDirectory } from './place.mjs';

/**
 * Installs node_modules exactly as package-lock.json says, unless that was done already.
 * @param {string} python
 * @returns {Promise<void>}
 */
export async function installNodeModules(python) {
  const lockFile = await readFile(path.join(root, 'package-lock.json'));
  await makeOnce(
    {
      what: 'npm modules',
      lock: path.join(workDirectory, 'npm.lock'),
      marker: path.join(root, 'node_modules/.konverge-lock'),
      content: createHash('sha256').update(lockFile).digest('hex'),
      commands: [[...npm(), 'ci', '--prefix', root, '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']],
    },
    python,
  );
}

/**
 * The npm that the user called, on the user's Node. Not the one in node_modules/.bin, which npm puts first on
 * the PATH of scripts: `npm ci` deletes it while it would be running on it.
 */
function npm() {
  const { npm_execpath: script, npm_node_execpath: node } = process.env;
  if (script && node && !node.startsWith(path.join(root, 'node_modules'))) return [node, script];
  return ['npm'];
}
