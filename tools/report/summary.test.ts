import { describe, expect, test } from 'vitest';
import { summarize } from './summary.mjs';

const passed = { name: 'a', outcome: 'passed', reason: '' } as const;
const failed = { name: 'b', outcome: 'failed', reason: 'boom' } as const;
const skipped = { name: 'c', outcome: 'skipped', reason: 'only on arm64' } as const;
const lacking = { name: 'd', outcome: 'skipped', reason: 'missing tool: mpirun' } as const;

describe('summarize', () => {
  test('adds up all runners, and says why a test was skipped', () => {
    const results = [
      { runner: 'vitest', code: 0, tests: [passed, passed] },
      { runner: 'pytest', code: 0, tests: [passed, skipped] },
    ];
    expect(summarize(results, false)).toEqual({
      lines: ['skipped: c: only on arm64', '3 passed, 0 failed, 1 skipped'],
      code: 0,
    });
  });

  test('a failed test fails the whole', () => {
    const { lines, code } = summarize([{ runner: 'vitest', code: 1, tests: [passed, failed] }], false);
    expect(lines).toEqual(['FAILED: b', '1 passed, 1 failed, 0 skipped']);
    expect(code).toBe(1);
  });

  test('a missing tool is a skip, and a failure where all tools must be there', () => {
    const results = [{ runner: 'pytest', code: 0, tests: [passed, lacking, skipped] }];
    expect(summarize(results, false).lines.at(-1)).toBe('1 passed, 0 failed, 2 skipped');
    const strict = summarize(results, true);
    expect(strict.lines).toContain('FAILED, since here all tools must be there: d: missing tool: mpirun');
    expect(strict.lines.at(-1)).toBe('1 passed, 1 failed, 1 skipped');
    expect(strict.code).toBe(1);
  });

  test.each([
    [null, 134, 'FAILED: vitest ended without a report (exit code 134)'],
    [[], 0, 'FAILED: vitest ran no tests (exit code 0)'],
    [[passed], 1, 'FAILED: vitest ended with exit code 1, though no test failed'],
  ])('a runner that broke is a failure: %j, exit code %i', (tests, code, line) => {
    const summary = summarize([{ runner: 'vitest', code, tests }], false);
    expect(summary.lines).toContain(line);
    expect(summary.code).toBe(1);
  });
});
