// `npm test`: all tests but those that need a cluster; the last line sums them up.
// `npm test -- --only vitest|pytest [ARGUMENTS FOR IT]`: one of the two.
// `npm test -- --floor [ARGUMENTS FOR PYTEST]`: the Python side with the oldest Snakemake we promise to work with.
// With CI=true, all tests are both: everything with the newest Snakemake, and what depends on it with the oldest.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { againName, runFailedAgain } from './report/run-again.mjs';
import { isStrict, pytestSuite, runLanes, vitestSuite } from './report/run-tests.mjs';
import { summarize } from './report/summary.mjs';
import { exampleRequirements } from './setup/example.mjs';
import { prepareKit } from './setup/kit.mjs';
import { root } from './setup/place.mjs';
import { runMain, Stop } from './setup/stop.mjs';

// What depends on the version of Snakemake, and everything else that is Python's.
const shimFolders = ['integrations/snakemake/tests', 'test/workflows'];
const allFolders = [...shimFolders, 'test/cli', 'test/examples', 'test/wheel'];

await runMain(async () => {
  const { requirements, only, more } = readArguments(process.argv.slice(2));
  const ci = process.env['CI'] === 'true';
  const examples = await exampleRequirements();
  const kit = await prepareKit(requirements, examples);
  const floor = ci && only === null ? await prepareKit('floor', examples) : null;
  const first = [
    ...(only === 'pytest' ? [] : await runLanes([vitestSuite(kit, 'vitest', more)])),
    // vitest has a process for each processor by itself, pytest one in all.
    ...(only === 'vitest'
      ? []
      : await runLanes(
          pytest(kit, 'pytest', allFolders, more),
          floor === null ? [] : pytest(floor, 'pytest-floor', shimFolders, more),
        )),
  ];
  const suiteAgain = (/** @type {{ runner: string }} */ { runner }, /** @type {string[]} */ files) => {
    const name = `${runner} ${againName}`;
    if (runner === 'vitest') return vitestSuite(kit, name, ['--no-file-parallelism', ...files]);
    return pytestSuite(runner.startsWith('pytest-floor') && floor !== null ? floor : kit, name, files);
  };
  // For a person who runs some of them the first word is enough.
  const { results, lines: mended } = ci ? await runFailedAgain(first, suiteAgain) : { results: first, lines: [] };
  const { lines, code } = summarize(results, isStrict());
  lines.unshift(...mended);
  if (only === null)
    lines.unshift('test/cluster is run by `npm run test:cluster`, which needs root: not part of this.');
  console.log(`\n${lines.join('\n')}`);
  return code;
});

/**
 * A process for each folder: the workflow tests fork the process they run in, in which nobody else may have left threads.
 * @param {import('./setup/kit.mjs').Kit} kit
 * @param {string} name
 * @param {string[]} folders
 * @param {string[]} more
 */
function pytest(kit, name, folders, more) {
  if (more.some((word) => existsSync(path.join(root, word.split('::')[0] ?? '')))) {
    return [pytestSuite(kit, name, more)];
  }
  return folders.map((folder) => pytestSuite(kit, `${name} ${folder}`, [folder, ...more]));
}

/**
 * @param {string[]} words
 * @returns {{ requirements: 'test' | 'floor', only: string | null, more: string[] }}
 */
function readArguments(words) {
  const [flag, ...rest] = words;
  if (flag === undefined) return { requirements: 'test', only: null, more: [] };
  if (flag === '--floor') return { requirements: 'floor', only: 'pytest', more: rest };
  const [only, ...more] = rest;
  if (flag === '--only' && (only === 'vitest' || only === 'pytest')) return { requirements: 'test', only, more };
  throw new Stop('usage: npm test [-- --only vitest|pytest [ARGUMENTS] | -- --floor [ARGUMENTS]]');
}
