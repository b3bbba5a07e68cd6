import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { root } from './place.mjs';
import { run } from './process.mjs';
import { Stop } from './stop.mjs';

/**
 * Makes a thing unless its marker says that it is there; see locked.py.
 * @param {object} thing
 * @param {string} thing.what  for people: "npm modules"
 * @param {string} thing.lock  path of the lock file
 * @param {string} thing.marker  path of the file that says it is complete
 * @param {string} thing.content  what the marker holds: a hash of all that the thing depends on
 * @param {string[][]} thing.commands
 * @param {string} python
 * @returns {Promise<void>}
 */
export async function makeOnce(thing, python) {
  if ((await readFile(thing.marker, 'utf8').catch(() => null)) === thing.content) return;
  console.error(`konverge: installing ${thing.what} (once)`);
  const script = path.join(root, 'tools/setup/locked.py');
  const commands = JSON.stringify(thing.commands);
  // Its output goes to stderr, so that a command's --json on stdout stays clean.
  const argv = [python, script, thing.lock, thing.marker, thing.content, commands];
  const code = await run(argv, { stdio: ['ignore', 2, 2] });
  if (code !== 0) throw new Stop(`installing ${thing.what} failed (see above)`);
}
