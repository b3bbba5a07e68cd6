// Runs test suites of two kinds so that they can be counted together.
import { mkdir, readFile, rm } from 'node:fs/promises';
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
  const report = ['-p', 'pytest_report', '--continue-on-collection-errors'];
  return { name, argv: [kit.python, '-m', 'pytest', ...settings, ...report, ...words], env: kit.env };
}

/**
 * One after another.
 * @param {Suite[]} suites
 * @returns {Promise<import('./summary.mjs').RunnerResult[]>}
 */
export async function runSuites(suites) {
  const results = [];
  for (const suite of suites) {
    results.push(await runSuite(suite));
  }
  return results;
}

/**
 * @param {Suite} suite
 * @returns {Promise<import('./summary.mjs').RunnerResult>}
 */
async function runSuite({ name, argv, env }) {
  const report = path.join(reportFolder, `${name.replaceAll(/[/ ]/g, '-')}.json`);
  await mkdir(reportFolder, { recursive: true });
  await rm(report, { force: true });
  const pythonPath = [env['PYTHONPATH'], path.join(root, 'tools/report')].join(path.delimiter);
  const code = await run(argv, { cwd: root, env: { ...env, PYTHONPATH: pythonPath, KONVERGE_TEST_REPORT: report } });
  const text = await readFile(report, 'utf8').catch(() => null);
  return { runner: name, code, tests: text === null ? null : JSON.parse(text) };
}

/** Whether a test skipped for want of a tool counts as failed. */
export function isStrict() {
  return process.env['CI'] === 'true' || process.env['KONVERGE_STRICT_TOOLS'] === '1';
}
