// Writes the tests of a vitest run in the form that tools/test.mjs counts. vitest's own JSON leaves out why a
// test was skipped.
import { writeFileSync } from 'node:fs';
import type { Reporter, TestModule } from 'vitest/node';

interface ReportedTest {
  readonly name: string;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  readonly reason: string;
}

export default class VitestReport implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly { readonly message?: string }[]): void {
    const tests: ReportedTest[] = [];
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const result = test.result();
        const name = `${module.relativeModuleId}: ${test.fullName}`;
        if (result.state === 'skipped') {
          tests.push({ name, outcome: 'skipped', reason: result.note ?? 'no reason given' });
        } else {
          const failed = result.state !== 'passed';
          tests.push({ name, outcome: failed ? 'failed' : 'passed', reason: result.errors?.[0]?.message ?? '' });
        }
      }
      // A file that cannot be loaded has no tests, which must not look like success.
      for (const error of module.errors()) {
        tests.push({ name: module.relativeModuleId, outcome: 'failed', reason: error.message });
      }
    }
    for (const error of unhandledErrors) {
      tests.push({ name: 'unhandled error', outcome: 'failed', reason: error.message ?? 'no message' });
    }
    const file = process.env['KONVERGE_TEST_REPORT'];
    if (file === undefined) throw new Error('KONVERGE_TEST_REPORT is not set: run `npm test`');
    writeFileSync(file, JSON.stringify(tests));
  }
}
