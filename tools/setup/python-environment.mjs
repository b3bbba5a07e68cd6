import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { makeOnce } from './make-once.mjs';
import { cacheDirectory } from './place.mjs';

/**
 * A private Python environment with these requirements; made on first use, shared by all clones of the user.
 * @param {string[]} requirementFiles absolute paths
 * @param {import('./prerequisites.mjs').Python} python
 * @returns {Promise<string>} the environment's folder
 */
export async function installPythonEnvironment(requirementFiles, python) {
  const hash = createHash('sha256').update(JSON.stringify([python.executable, python.version]));
  for (const file of requirementFiles) hash.update(await withIncluded(file));
  const key = hash.digest('hex').slice(0, 16);
  const folder = path.join(cacheDirectory, 'python', key);
  const requirements = requirementFiles.flatMap((file) => ['-r', file]);
  await makeOnce(
    {
      what: `Python packages into ${folder}`,
      // Not in the folder: the first command clears that.
      lock: `${folder}.lock`,
      marker: path.join(folder, '.complete'),
      content: key,
      commands: [
        [python.executable, '-m', 'venv', '--clear', folder],
        [
          path.join(folder, 'bin/python'),
          '-m',
          'pip',
          'install',
          '-qq',
          '--disable-pip-version-check',
          ...requirements,
        ],
      ],
    },
    python.executable,
  );
  return folder;
}

/**
 * The text of a requirements file with the files it names by `-r`.
 * @param {string} file
 * @returns {Promise<string>}
 */
async function withIncluded(file) {
  const text = await readFile(file, 'utf8');
  const parts = [text];
  for (const [, included = ''] of text.matchAll(/^-r\s+(\S+)/gm)) {
    parts.push(await withIncluded(path.join(path.dirname(file), included)));
  }
  return parts.join('\n');
}
