import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { holdLock } from './hold-lock.mjs';
import { prepareKit } from './kit.mjs';
import { root, workDirectory } from './place.mjs';
import { capture, run } from './process.mjs';
import { Stop } from './stop.mjs';

const examples = path.join(root, 'examples');

/**
 * Runs an example from its beginning, in a copy of its own.
 * @param {string} name
 * @param {string[]} more  further arguments of `konverge run`
 * @returns {Promise<number>} exit code
 */
export async function runExample(name, more) {
  const source = path.join(examples, name);
  if (!existsSync(path.join(source, 'Snakefile'))) {
    throw new Stop(`there is no example "${name}"; there are: ${(await exampleNames()).join(', ')}`);
  }
  await checkDebianPackages(path.join(source, 'debian-packages.txt'));
  const requirements = path.join(source, 'requirements.txt');
  const kit = await prepareKit('run', existsSync(requirements) ? [requirements] : []);
  const workdir = path.join(workDirectory, 'examples', name);
  await mkdir(workdir, { recursive: true });
  const release = await holdLock(`${workdir}.lock`, kit.python);
  if (release === null) throw new Stop(`the example "${name}" is running already, in ${workdir}`);
  await copyAfresh(source, workdir);
  // The one place that knows how the command line of `konverge run` begins.
  const argv = [kit.node, path.join(root, 'src/konverge.ts'), 'run', '--jobs', '4', ...more];
  const code = await run(argv, { cwd: workdir, env: kit.env });
  release();
  return code;
}

/** @returns {Promise<string[]>} */
export async function exampleNames() {
  const entries = await readdir(examples, { withFileTypes: true });
  return entries.filter((entry) => existsSync(path.join(examples, entry.name, 'Snakefile'))).map((entry) => entry.name);
}

/** @returns {Promise<string[]>} what the examples need of Python, as absolute paths */
export async function exampleRequirements() {
  const files = (await exampleNames()).map((name) => path.join(examples, name, 'requirements.txt'));
  return files.filter((file) => existsSync(file));
}

/**
 * A copy of the example, without the results of an earlier run. Snakemake's own folder stays: it holds the records
 * of earlier runs.
 * @param {string} source
 * @param {string} workdir
 */
async function copyAfresh(source, workdir) {
  for (const entry of await readdir(workdir)) {
    if (entry !== '.snakemake') await rm(path.join(workdir, entry), { recursive: true, force: true });
  }
  const notTheirs = new Set(['.snakemake', 'results', 'logs']);
  await cp(source, workdir, { recursive: true, filter: (file) => !notTheirs.has(path.relative(source, file)) });
}

/**
 * @param {string} list  a file with one package a line, if the example needs any
 * @throws {Stop} naming what is missing
 */
async function checkDebianPackages(list) {
  if (!existsSync(list)) return;
  const packages = (await readFile(list, 'utf8')).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const { code: noDpkg } = await capture(['dpkg-query', '--version']);
  if (noDpkg !== 0) return; // another distribution: the example itself will tell what it does not find
  const missing = [];
  for (const name of packages) {
    const { stdout } = await capture(['dpkg-query', '--show', '--showformat=${db:Status-Status}', name]);
    if (stdout !== 'installed') missing.push(name);
  }
  if (missing.length > 0) {
    throw new Stop(`this example needs ${missing.join(' ')}: sudo apt-get install ${missing.join(' ')}`);
  }
}
