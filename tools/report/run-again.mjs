// What failed beside other tests is run once more, alone: most of a test on a cluster is waiting, and what waits has a deadline.
import { runLanes } from './run-tests.mjs';

/** More than this is no matter of a busy machine. */
const mostFailed = 20;

/** Given to vitest and pytest for what is run again. */
export const againName = 'again, alone';

/**
 * @typedef {import('./summary.mjs').RunnerResult} RunnerResult
 * @typedef {import('./summary.mjs').ReportedTest} ReportedTest
 */

/**
 * @param {RunnerResult[]} results
 * @param {(result: RunnerResult, words: string[]) => import('./run-tests.mjs').Suite} suiteOf
 *   runs these tests, as words for its runner, in the way of the suite of that result
 * @returns {Promise<{ results: RunnerResult[], lines: string[] }>} the second word counts; `lines` name what needed one
 */
export async function runFailedAgain(results, suiteOf) {
  const failed = results.flatMap(({ tests }) => (tests ?? []).filter(({ outcome }) => outcome === 'failed'));
  if (failed.length === 0 || failed.length > mostFailed) return { results, lines: [] };
  /** @type {RunnerResult[]} */
  const merged = [];
  /** @type {string[]} */
  const lines = [];
  for (const result of results) {
    const failedTests = (result.tests ?? []).filter(({ outcome }) => outcome === 'failed');
    if (failedTests.length === 0) {
      merged.push(result);
      continue;
    }
    const words = result.runner.startsWith('pytest') ? failedTests.map(({ name }) => name) : vitestWords(failedTests);
    const [second] = await runLanes([suiteOf(result, words)]);
    if (second === undefined || second.tests === null) {
      merged.push(result);
      continue;
    }
    const { tests, mended } = mergeTests(result.tests ?? [], second.tests);
    lines.push(
      ...mended.map(({ name, reason }) => `passed when it was run ${againName}: ${name}: ${firstLine(reason)}`),
    );
    merged.push({ ...result, code: tests.some(({ outcome }) => outcome === 'failed') ? result.code : 0, tests });
  }
  return { results: merged, lines };
}

/**
 * Their files, and a pattern of their own names, without those of what they are in.
 * @param {readonly ReportedTest[]} tests
 */
export function vitestWords(tests) {
  const files = new Set(tests.map(({ name }) => name.split(': ')[0] ?? name));
  const names = tests.map(
    ({ name }) =>
      name
        .slice(name.indexOf(': ') + 2)
        .split(' > ')
        .at(-1) ?? name,
  );
  const escaped = names.map((name) => name.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));
  // A file that could not be loaded has no test of that name.
  const hasNames = tests.every(({ name }) => name.includes(': '));
  return [...files, ...(hasNames ? [`--testNamePattern=(${escaped.join('|')})$`] : [])];
}

/**
 * A test that failed counts as it ended the second time; one that passed at first has passed.
 * @param {readonly ReportedTest[]} first
 * @param {readonly ReportedTest[]} second
 */
export function mergeTests(first, second) {
  const again = new Map(second.map((test) => [test.name, test]));
  /** @type {ReportedTest[]} */
  const mended = [];
  const tests = first.map((test) => {
    const other = again.get(test.name);
    if (test.outcome !== 'failed' || other?.outcome !== 'passed') return test;
    mended.push(test);
    return other;
  });
  return { tests, mended };
}

/** @param {string} text */
function firstLine(text) {
  return text.split('\n')[0]?.slice(0, 200) ?? '';
}
