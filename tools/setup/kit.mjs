// Everything a command of ours needs, installed on first use: `await prepareKit('run')`.
import path from 'node:path';
import { findNode } from './node.mjs';
import { installNodeModules } from './node-modules.mjs';
import { outsideNpm } from './outside-npm.mjs';
import { pythonProject, requirementsDirectory, root } from './place.mjs';
import { checkPrerequisites } from './prerequisites.mjs';
import { installPythonEnvironment } from './python-environment.mjs';

/**
 * @typedef {object} Kit
 * @property {string} node  Node 24
 * @property {string} python  of the private environment, with Snakemake
 * @property {NodeJS.ProcessEnv} env  in which `snakemake --executor kueue` works, with the core from src/
 */

/**
 * @param {'run' | 'test' | 'floor'} requirements  a file of integrations/snakemake/requirements
 * @param {string[]} [moreRequirementFiles]  absolute paths
 * @returns {Promise<Kit>}
 */
export async function prepareKit(requirements, moreRequirementFiles = []) {
  const systemPython = await checkPrerequisites();
  const files = [path.join(requirementsDirectory, `${requirements}.txt`), ...moreRequirementFiles];
  // Side by side: both mostly wait for the network.
  const installing = [installNodeModules(systemPython.executable), installPythonEnvironment(files, systemPython)];
  await Promise.allSettled(installing); // a failure must not leave the other one running behind our back
  const [, environment = ''] = await Promise.all(installing);
  const node = await findNode();

  const env = outsideNpm(process.env);
  delete env['PYTHONHOME'];
  return {
    node,
    python: path.join(environment, 'bin/python'),
    env: {
      ...env,
      PATH: [path.join(environment, 'bin'), env['PATH']].join(path.delimiter),
      PYTHONPATH: path.join(pythonProject, 'src'),
      KONVERGE_NODE: node,
      KONVERGE_CORE: path.join(root, 'src/konverge.ts'),
    },
  };
}
