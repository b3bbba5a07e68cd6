import path from 'node:path';

const setByNpm = new Set(['NODE', 'INIT_CWD', 'COLOR']);

/**
 * The environment without what npm adds for its scripts. Steps of a workflow get the environment of whoever
 * starts it: they shall find the user's shell there, not npm's.
 * @param {NodeJS.ProcessEnv} env
 * @returns {NodeJS.ProcessEnv}
 */
export function outsideNpm(env) {
  if (env['npm_lifecycle_event'] === undefined) return { ...env };
  const kept = Object.entries(env).filter(([name]) => !setByNpm.has(name) && !name.startsWith('npm_'));
  const binaries = (env['PATH'] ?? '')
    .split(path.delimiter)
    .filter((folder) => !folder.endsWith('node_modules/.bin') && !folder.includes('node-gyp-bin'));
  return { ...Object.fromEntries(kept), PATH: binaries.join(path.delimiter) };
}
