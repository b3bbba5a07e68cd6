import { expect, test } from 'vitest';
import { fidelityMarks } from '../../tools/docs/fidelity-marks.ts';
import { fidelityPage } from '../../tools/docs/fidelity-page.ts';
import { page } from './pages.ts';

interface Row {
  readonly section: string;
  readonly feature: string;
  readonly test: string;
}

/** The rows of the generated tables, one for each test that a row names. */
function rows(): Row[] {
  const sections = [...page(fidelityPage).matchAll(/<!-- generated: (.+?) -->([\s\S]*?)<!-- end of \1 -->/g)];
  return sections.flatMap(([, section = '', text = '']) =>
    text
      .split('\n')
      .filter((line) => line.startsWith('| ') && !line.startsWith('| feature |'))
      .flatMap((line) => {
        const cells = line.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll('\\|', '|'));
        const tests = [...(cells[4] ?? '').matchAll(/`(\S+::\w+)`/g)];
        return tests.map(([, name = '']) => ({ section, feature: cells[1] ?? '', test: `test/workflows/${name}` }));
      }),
  );
}

const sorted = (list: readonly Row[]): string[] =>
  list.map(({ section, feature, test: name }) => `${section}: ${feature}: ${name}`).toSorted();

test('every mark in the tests has its row, and every row its mark (else run: npm run fidelity)', () => {
  const marks = sorted(fidelityMarks());
  expect(marks.length).toBeGreaterThan(50);
  expect(sorted(rows())).toEqual(marks);
});

test('no row is there twice', () => {
  expect(sorted(rows())).toEqual([...new Set(sorted(rows()))]);
});
