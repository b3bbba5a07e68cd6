import { describe, expect, it } from 'vitest';
import { withEscapedSnakemakeFlags } from '../application.ts';
import { snakemakeArguments, withoutDryRun } from './snakemake-arguments.ts';

const defaults = { engine: 'local', engineFrom: 'the default', cpus: 4 };

describe('the flags that konverge run gives to snakemake', () => {
  it('adds what is needed and missing, and says so', () => {
    const { argv, added } = snakemakeArguments(['all', '-k'], defaults);
    expect(argv).toEqual([
      'all',
      '-k',
      '--executor',
      'kueue',
      '--kueue-engine',
      'local',
      '--jobs',
      '16',
      '--rerun-incomplete',
    ]);
    expect(added).toEqual(['engine local (the default)', '--jobs 16 (4 for each cpu; the queue keeps to the cpus)']);
  });

  it.each([[['--jobs', '9']], [['--jobs=9']], [['-j', '9']], [['-j9']], [['--profile', 'p']]])(
    'leaves the number of jobs alone in %j',
    (given) => {
      expect(snakemakeArguments(given, defaults).argv.slice(given.length)).not.toContain('16');
    },
  );

  it('leaves executor, engine and the treatment of incomplete files alone where they are given', () => {
    const given = ['--executor=local', '--kueue-engine', 'kubernetes', '--ignore-incomplete', '-j1'];
    expect(snakemakeArguments(given, defaults)).toMatchObject({ argv: given, added: [] });
  });

  it.each([[['-n']], [['--dry-run', 'all']], [['--unlock']], [['--dag=dot']], [['--touch']]])(
    'sees that %j runs nothing',
    (given) => {
      expect(snakemakeArguments(given, defaults)).toMatchObject({ inspectsOnly: true });
      expect(snakemakeArguments(given, defaults).argv).not.toContain('--rerun-incomplete');
    },
  );

  it.each([
    [['-n'], true],
    [['all', '--dry-run', '-k'], true],
    [['--dryrun'], true],
    [['-n', '--lint'], false],
    [['--unlock'], false],
    [['all'], false],
  ])('sees whether %j is just a dry run', (given, isDryRun) => {
    expect(snakemakeArguments(given, defaults).isDryRun).toBe(isDryRun);
  });

  it('takes the dry run out again', () => {
    expect(withoutDryRun(['all', '-n', '--dry-run', '-k'])).toEqual(['all', '-k']);
  });

  it.each([[[]], [['--kueue-engine', 'kubernetes']], [['--kueue-engine=kubernetes']]])(
    'lets many steps wait in the queues of a cluster (%j)',
    (given) => {
      const engine = given.length === 0 ? 'kubernetes' : 'local';
      const { argv, added } = snakemakeArguments(given, { ...defaults, engine });
      expect(argv).toContain('500');
      expect(added).toContain('--jobs 500 (the queues keep to their quotas)');
    },
  );

  it.each([[['--directory', 'there']], [['-d', 'there']], [['--directory=there']]])(
    'finds the working directory in %j',
    (given) => {
      expect(snakemakeArguments(given, defaults).directory).toBe('there');
    },
  );
});

describe('the scanner', () => {
  it("puts snakemake's words behind the escape, and ours before it", () => {
    expect(withEscapedSnakemakeFlags(['run', '--json', '-s', 'x', '--plain'])).toEqual([
      'run',
      '--json',
      '--',
      '-s',
      'x',
      '--plain',
    ]);
    expect(withEscapedSnakemakeFlags(['run', '--', '--help'])).toEqual(['run', '--', '--help']);
    expect(withEscapedSnakemakeFlags(['run'])).toEqual(['run', '--']);
    expect(withEscapedSnakemakeFlags(['status', '--all'])).toEqual(['status', '--all']);
  });
});
