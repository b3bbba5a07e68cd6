// Runs test suites of two kinds so that they can be counted together.
import { mkdir, mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { root, workDirectory } from '../setup/place.mjs';
import { run } from '../setup/process.mjs';

const reportFolder = path.join(workDirectory, 'reports');

/**
 * @typedef {object} Suite
 * @property {string} name  for people: "vitest"
 * @property {string[]} argv
 * @property {NodeJS.ProcessEnv} env
 */

/**
 * @param {import('../setup/kit.mjs').Kit} kit
 * @param {string} name
 * @param {string[]} words  arguments of vitest
 * @returns {Suite}
 */
export function vitestSuite(kit, name, words) {
  const reporters = ['--reporter=default', '--reporter=./tools/report/vitest-report.ts'];
  return { name, argv: [kit.node, 'node_modules/vitest/vitest.mjs', 'run', ...reporters, ...words], env: kit.env };
}

/**
 * @param {import('../setup/kit.mjs').Kit} kit
 * @param {string} name
 * @param {string[]} words  arguments of pytest
 * @returns {Suite}
 */
export function pytestSuite(kit, name, words) {
  const settings = ['-c', 'integrations/snakemake/pyproject.toml', '--rootdir', root];
  const report = ['-p', 'pytest_report', '--continue-on-collection-errors', '--durations=10', '--durations-min=10'];
  return { name, argv: [kit.python, '-m', 'pytest', ...settings, ...report, ...words], env: kit.env };
}

/**
 * Lanes beside each other, the suites of a lane one after another. The first lane has the terminal; what a suite of another
 * prints is shown when it has ended.
 * @param {Suite[][]} lanes
 * @returns {Promise<import('./summary.mjs').RunnerResult[]>}
 */
export async function runLanes(...lanes) {
  const results = await Promise.all(lanes.map((suites, lane) => runSuites(suites, lane === 0 ? run : runAndShow)));
  return results.flat();
}

/**
 * @param {Suite[]} suites
 * @param {typeof run} runner
 */
async function runSuites(suites, runner) {
  const results = [];
  for (const suite of suites) {
    results.push(await runSuite(suite, runner));
  }
  return results;
}

/** @type {typeof run} */
async function runAndShow(argv, options) {
  const folder = await mkdtemp(path.join(tmpdir(), 'konverge-tests-'));
  const file = path.join(folder, 'output');
  const output = await open(file, 'a');
  try {
    return await run(argv, { ...options, stdio: ['ignore', output.fd, output.fd] });
  } finally {
    await output.close();
    process.stdout.write(await readFile(file));
    await rm(folder, { recursive: true });
  }
}

/**
 * @param {Suite} suite
 * @param {typeof run} runner
 * @returns {Promise<import('./summary.mjs').RunnerResult>}
 */
async function runSuite({ name, argv, env }, runner) {
  const report = path.join(reportFolder, `${name.replaceAll(/[/ ]/g, '-')}.json`);
  await mkdir(reportFolder, { recursive: true });
  await rm(report, { force: true });
  const pythonPath = [env['PYTHONPATH'], path.join(root, 'tools/report')].join(path.delimiter);
  const code = await runner(argv, { cwd: root, env: { ...env, PYTHONPATH: pythonPath, KONVERGE_TEST_REPORT: report } });
  const text = await readFile(report, 'utf8').catch(() => null);
  return { runner: name, code, tests: text === null ? null : JSON.parse(text) };
}

/** Whether a test skipped for want of a tool counts as failed. */
export function isStrict() {
  return process.env['CI'] === 'true' || process.env['KONVERGE_STRICT_TOOLS'] === '1';
}
