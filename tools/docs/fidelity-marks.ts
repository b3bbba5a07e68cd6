import { sourceFiles } from './source-files.ts';

/** A test that shows a feature of Snakemake: one `@pytest.mark.fidelity(…)` above it. */
export interface FidelityMark {
  readonly section: string;
  readonly feature: string;
  /** As pytest names it: file and function. */
  readonly test: string;
}

const mark = /@pytest\.mark\.fidelity\(\s*"((?:[^"\\]|\\.)*)",\s*section="([^"]*)"/g;

/** Every mark in the tests, read from their text: no Snakemake is started for it. */
export function fidelityMarks(): FidelityMark[] {
  return sourceFiles('test/workflows', (file) => /\/test_\w+\.py$/.test(file)).flatMap(({ path, text }) =>
    [...text.matchAll(mark)].map(({ 0: all, 1: feature = '', 2: section = '', index }) => {
      const name = /^def (test_\w+)/m.exec(text.slice(index + all.length))?.[1];
      if (name === undefined) throw new Error(`${path}: no test follows the mark "${feature}"`);
      return { section, feature: feature.replaceAll('\\"', '"'), test: `${path}::${name}` };
    }),
  );
}
