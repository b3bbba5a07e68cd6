// `npm test`: all tests; the last line sums them up.
// `npm test -- --only vitest|pytest [ARGUMENTS FOR IT]`: one of the two.
// `npm test -- --floor [ARGUMENTS FOR PYTEST]`: the Python side with the oldest Snakemake we promise to work with.
// With CI=true, all tests are both: everything with the newest Snakemake, and what depends on it with the oldest.
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { summarize } from './report/summary.mjs';
import { exampleRequirements } from './setup/example.mjs';
import { prepareKit } from './setup/kit.mjs';
import { root, workDirectory } from './setup/place.mjs';
import { run } from './setup/process.mjs';
import { runMain, Stop } from './setup/stop.mjs';

// What depends on the version of Snakemake, and everything else that is Python's.
const shimFolders = ['integrations/snakemake/tests', 'test/workflows'];
const allFolders = [...shimFolders, 'test/cli', 'test/examples', 'test/wheel'];
const reportFolder = path.join(workDirectory, 'reports');

await runMain(async () => {
  const { requirements, only, more } = readArguments(process.argv.slice(2));
  const ci = process.env['CI'] === 'true';
  const examples = await exampleRequirements();
  const kit = await prepareKit(requirements, examples);
  const runners = [
    { name: 'vitest', argv: [kit.node, ...vitest(more)], env: kit.env },
    ...pytest(kit, 'pytest', allFolders, more),
    ...(ci && only === null ? pytest(await prepareKit('floor', examples), 'pytest-floor', shimFolders, more) : []),
  ].filter(({ name }) => only === null || name.startsWith(only));

  const results = [];
  for (const { name, argv, env } of runners) {
    results.push(await runTests(name, argv, env));
  }
  const strict = ci || process.env['KONVERGE_STRICT_TOOLS'] === '1';
  const { lines, code } = summarize(results, strict);
  console.log(`\n${lines.join('\n')}`);
  return code;
});

/** @param {string[]} more */
function vitest(more) {
  const reporters = ['--reporter=default', '--reporter=./tools/report/vitest-report.ts'];
  return ['node_modules/vitest/vitest.mjs', 'run', ...reporters, ...more];
}

/**
 * A process for each folder: the workflow tests fork the process they run in, in which nobody else may have left threads.
 * @param {import('./setup/kit.mjs').Kit} kit
 * @param {string} name
 * @param {string[]} folders
 * @param {string[]} more
 */
function pytest(kit, name, folders, more) {
  const settings = ['-c', 'integrations/snakemake/pyproject.toml', '--rootdir', root];
  const report = ['-p', 'pytest_report', '--continue-on-collection-errors'];
  const command = [kit.python, '-m', 'pytest', ...settings, ...report];
  if (more.some((word) => existsSync(path.join(root, word.split('::')[0] ?? '')))) {
    return [{ name, argv: [...command, ...more], env: kit.env }];
  }
  return folders.map((folder) => ({ name: `${name} ${folder}`, argv: [...command, folder, ...more], env: kit.env }));
}

/**
 * @param {string} runner
 * @param {string[]} argv
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<import('./report/summary.mjs').RunnerResult>}
 */
async function runTests(runner, argv, env) {
  const report = path.join(reportFolder, `${runner.replaceAll(/[/ ]/g, '-')}.json`);
  await mkdir(reportFolder, { recursive: true });
  await rm(report, { force: true });
  const pythonPath = [env['PYTHONPATH'], path.join(root, 'tools/report')].join(path.delimiter);
  const code = await run(argv, { cwd: root, env: { ...env, PYTHONPATH: pythonPath, KONVERGE_TEST_REPORT: report } });
  const text = await readFile(report, 'utf8').catch(() => null);
  return { runner, code, tests: text === null ? null : JSON.parse(text) };
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
