import { expect, test } from 'vitest';
import { snakemakeArguments } from './snakemake-arguments.ts';

const defaults = { engine: 'local', engineFrom: 'the default', cpus: 4 };

test('what is missing is added, and said', () => {
  const { argv, added, inspectsOnly } = snakemakeArguments(['-s', 'my/Snakefile'], defaults);
  expect(argv.join(' ')).toBe('-s my/Snakefile --executor kueue --kueue-engine local --jobs 4 --rerun-incomplete');
  expect(added).toEqual(['engine local (the default)', '--jobs 4 (the cpus of this machine)']);
  expect(inspectsOnly).toBe(false);
});

test('what is given stays', () => {
  const given = ['-j8', '--kueue-engine=kubernetes', '--ri', '-e', 'kueue'];
  expect(snakemakeArguments(given, defaults)).toMatchObject({ argv: given, added: [] });
});

test('the directory and the konverge.yaml that the core must know too are found', () => {
  expect(snakemakeArguments(['-d', 'there', '--kueue-config', 'other.yaml'], defaults)).toMatchObject({
    directory: 'there',
    config: 'other.yaml',
  });
  expect(snakemakeArguments(['--directory=there', '--kueue-config=other.yaml'], defaults)).toMatchObject({
    directory: 'there',
    config: 'other.yaml',
  });
});

test('a dry run is not to be resumed', () => {
  const { argv, inspectsOnly } = snakemakeArguments(['-n'], defaults);
  expect(inspectsOnly).toBe(true);
  expect(argv).not.toContain('--rerun-incomplete');
});
