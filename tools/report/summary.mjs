/**
 * @typedef {object} ReportedTest
 * @property {string} name
 * @property {'passed' | 'failed' | 'skipped'} outcome
 * @property {string} reason  why it was skipped or failed
 */

/**
 * @typedef {object} RunnerResult
 * @property {string} runner  for people: "vitest"
 * @property {number} code  its exit code
 * @property {ReportedTest[] | null} tests  null if it ended without a report
 */

/**
 * What to print at the end of all runners: the skips with their reasons, what went wrong, and the sum as the last
 * line.
 * @param {RunnerResult[]} results
 * @param {boolean} strict  a test skipped for want of a tool counts as failed
 * @returns {{ lines: string[], code: number }}
 */
export function summarize(results, strict) {
  const lines = [];
  const count = { passed: 0, failed: 0, skipped: 0 };
  for (const { runner, code, tests } of results) {
    const failedBefore = count.failed;
    for (const test of tests ?? []) {
      const outcome = strict && lacksTool(test) ? 'failed' : test.outcome;
      count[outcome] += 1;
      if (test.outcome === 'skipped') {
        const verdict = outcome === 'failed' ? 'FAILED, since here all tools must be there' : 'skipped';
        lines.push(`${verdict}: ${test.name}: ${test.reason}`);
      } else if (outcome === 'failed') {
        lines.push(`FAILED: ${test.name}`);
      }
    }
    const complaint = complaintAbout({ runner, code, tests }, count.failed > failedBefore);
    if (complaint !== null) {
      lines.push(`FAILED: ${complaint}`);
      count.failed += 1;
    }
  }
  lines.push(`${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`);
  return { lines, code: count.failed === 0 ? 0 : 1 };
}

/** @param {ReportedTest} test */
function lacksTool(test) {
  return test.outcome === 'skipped' && test.reason.startsWith('missing tool:');
}

/**
 * A runner that ended badly without a failed test must not look like success.
 * @param {RunnerResult} result
 * @param {boolean} hasFailedTest
 */
function complaintAbout({ runner, code, tests }, hasFailedTest) {
  if (tests === null) return `${runner} ended without a report (exit code ${code})`;
  if (tests.length === 0) return `${runner} ran no tests (exit code ${code})`;
  if (code !== 0 && !hasFailedTest) return `${runner} ended with exit code ${code}, though no test failed`;
  return null;
}
