// `npm test`: all tests; the last line sums them up.
// `npm test -- --only vitest|pytest [ARGUMENTS FOR IT]`: one of the two.
// `npm test -- --floor [ARGUMENTS FOR PYTEST]`: the Python side with the oldest Snakemake we promise to work with.
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { summarize } from './report/summary.mjs';
import { exampleRequirements } from './setup/example.mjs';
import { prepareKit } from './setup/kit.mjs';
import { root, workDirectory } from './setup/place.mjs';
import { run } from './setup/process.mjs';
import { runMain, Stop } from './setup/stop.mjs';

const reportFolder = path.join(workDirectory, 'reports');

await runMain(async () => {
  const { requirements, only, more } = readArguments(process.argv.slice(2));
  const kit = await prepareKit(requirements, await exampleRequirements());
  const runners = [
    { name: 'vitest', argv: [kit.node, ...vitest(more)] },
    ...pytest(more).map((argv, index) => ({ name: `pytest-${index + 1}`, argv: [kit.python, ...argv] })),
  ].filter(({ name }) => only === null || name.startsWith(only));

  const results = [];
  for (const { name, argv } of runners) {
    results.push(await runTests(name, argv, kit.env));
  }
  const strict = process.env['CI'] === 'true' || process.env['KONVERGE_STRICT_TOOLS'] === '1';
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
 * A process for each folder: the workflow tests fork the process they run in, and the tests of the plugin leave threads
 * of Snakemake's behind in theirs.
 * @param {string[]} more
 */
function pytest(more) {
  const settings = ['-c', 'integrations/snakemake/pyproject.toml', '--rootdir', root];
  const report = ['-p', 'pytest_report', '--continue-on-collection-errors'];
  const command = ['-m', 'pytest', ...settings, ...report];
  if (more.some((word) => existsSync(path.join(root, word.split('::')[0] ?? '')))) return [[...command, ...more]];
  const folders = ['integrations/snakemake/tests', 'test/workflows', 'test/cli', 'test/examples', 'test/wheel'];
  return folders.map((folder) => [...command, folder, ...more]);
}

/**
 * @param {string} runner
 * @param {string[]} argv
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<import('./report/summary.mjs').RunnerResult>}
 */
async function runTests(runner, argv, env) {
  const report = path.join(reportFolder, `${runner}.json`);
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
