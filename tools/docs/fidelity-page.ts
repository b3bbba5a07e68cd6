// Writes the tables of docs/reference/fidelity.md from what `npm run fidelity` has seen:
//
//     node tools/docs/fidelity-page.ts REPORT
//
// test/docs/fidelity.test.ts holds the page to the marks in the tests.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { readCurrent } from './generate.ts';
import { table, withRegions } from './regions.ts';
import { root } from './source-files.ts';

/** What tools/docs/pytest_fidelity.py writes. */
interface Report {
  readonly tests: readonly Observed[];
  readonly failed: readonly string[];
}

/** One mark of one test, once for each of its parameters. */
interface Observed {
  readonly test: string;
  readonly feature: string;
  readonly section: string;
  /** How the steps ran, for each place in which there was a run: shared, storage, driver. */
  readonly ways: Readonly<Record<string, readonly string[]>>;
  readonly outcome: 'passed' | 'skipped';
  readonly reason: string;
}

export const fidelityPage = 'docs/reference/fidelity.md';
const head = ['feature', 'in a shared directory', 'with object storage', 'test'];

function regions({ tests }: Report): Record<string, string> {
  const sections = Map.groupBy(tests, ({ section }) => section);
  return Object.fromEntries(
    [...sections].map(([section, observed]) => [
      section,
      table(
        head,
        [...Map.groupBy(observed, ({ feature }) => feature)].map(([feature, rows]) => row(feature, rows)),
      ),
    ]),
  );
}

function row(feature: string, observed: readonly Observed[]): string[] {
  const [storage, driver] = [way(observed, 'storage'), way(observed, 'driver')];
  // The core as the mover is the same to a step; only where it is not it is worth a word.
  const moved = driver === storage || driver === '' ? storage : `${storage || '–'} (moved by the core: ${driver})`;
  return [feature, way(observed, 'shared') || '–', moved || '–', tests(observed)];
}

/** Empty if there was no run there. */
function way(observed: readonly Observed[], place: string): string {
  const seen = observed.flatMap(({ ways }) => (ways[place] ? [ways[place]] : []));
  if (seen.length === 0) return '';
  return [...new Set(seen.flat())].toSorted().join('; ') || 'main';
}

function tests(observed: readonly Observed[]): string {
  const names = [...Map.groupBy(observed, ({ test }) => test)].map(([test, rows]) => {
    const skipped = rows.find(({ outcome }) => outcome === 'skipped');
    return `\`${test.replace('test/workflows/', '')}\`${skipped ? ` (not run: ${skipped.reason})` : ''}`;
  });
  return names.join(' ');
}

if (import.meta.main) {
  const report: Report = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8'));
  if (report.failed.length > 0) throw new Error(`the page stays as it is, for these fail: ${report.failed.join(', ')}`);
  writeFileSync(path.join(root, fidelityPage), withRegions(readCurrent(fidelityPage), regions(report)));
  console.log(`written  ${fidelityPage}`);
}
