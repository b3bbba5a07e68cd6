import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { launcherProgram, srunScript } from './srun-script.ts';

const folder = mkdtempSync(join(tmpdir(), 'konverge-srun-'));
afterAll(() => rmSync(folder, { recursive: true }));

function executable(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  chmodSync(file, 0o755);
  return file;
}

const script = executable('srun', srunScript({ tasks: 4, nodes: 2 }));
executable('mpirun', '#!/bin/sh\nprintf "<%s>" "$@"\nexit 3\n');

function srun(shell: string, words: readonly string[], path = folder) {
  const { status, stdout, stderr } = spawnSync(`/bin/${shell}`, [script, ...words], {
    env: { PATH: path },
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

test('the launcher of a step is the first word of its resource', () => {
  expect(launcherProgram({ command: ' srun --mpi=pmix\t-u' })).toBe('srun');
  expect(launcherProgram({ command: 'mpiexec -bind-to core' })).toBe('mpiexec');
});

describe.each(['dash', 'bash'])('srun by the mpirun of the image, in %s', (shell) => {
  test.each([
    ['prog', '<-n><4><prog>'],
    ['-n 2 prog -n 7 --mpi=x', '<-n><2><prog><-n><7><--mpi=x>'],
    ['-n2 -N2 -c1 prog', '<-n><2><prog>'],
    ['--ntasks=3 --nodes 2 --cpus-per-task=2 --mpi=pmix --export=ALL prog', '<-n><3><prog>'],
    ['--mpi pmi2 --ntasks 3 --exclusive -u --kill-on-bad-exit=1 prog', '<-n><3><prog>'],
    ['--ntasks-per-node=3 prog', '<-n><6><prog>'],
    ['-N 1 --ntasks-per-node 3 prog', '<-n><3><prog>'],
    ['--cpu-bind=cores --distribution=block:block --hint=nomultithread -- prog', '<-n><4><prog>'],
  ])('%s', (words, called) => {
    expect(srun(shell, words.split(' '))).toEqual({ status: 3, stdout: called, stderr: '' });
  });

  test('words stay words', () => {
    expect(srun(shell, ['-n', '1', 'my prog', '', '*', "it's"]).stdout).toBe("<-n><1><my prog><><*><it's>");
  });

  test.each([
    ['--multi-prog list', '--multi-prog is not known'],
    ['-l prog', '-l is not known'],
    ['--export=NONE prog', '--export=NONE: ranks have the variables of the step'],
    ['-n many prog', 'many is not a number'],
    ['-n', '-n has no value'],
    ['-n 2', 'there is no program'],
  ])('%s is refused', (words, reason) => {
    const { status, stderr } = srun(shell, words.split(' '));
    expect(status).toBe(2);
    expect(stderr).toContain(`konverge: in place of srun, which the image has not: ${reason}; say another launcher`);
  });

  test('an image without a launcher is named', () => {
    expect(srun(shell, ['prog'], '/nowhere').stderr).toContain('it has neither mpirun nor mpiexec');
  });
});
