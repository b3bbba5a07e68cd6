import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launcherScript } from './launcher-script.ts';
import { leadNotes } from './place.ts';

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'konverge-launch-'));
const shells = ['/bin/dash', '/bin/bash'];

beforeAll(() => {
  mkdirSync(join(folder, 'lead'));
  // It says what Flux is asked for, a word a line, and the variable that its tasks would have.
  writeFileSync(join(folder, 'flux'), `#!/bin/sh\nprintf '%s\\n' "$@" "GREETING=\${GREETING-}"\n`);
  chmodSync(join(folder, 'flux'), 0o755);
  const script = launcherScript({ command: 'mpirun', tasks: 4, nodes: 2 }, 1);
  for (const name of ['mpirun', 'srun'])
    writeFileSync(join(folder, name), script.replaceAll(leadNotes, `${folder}/lead`));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function launch(shell: string, name: string, ...argv: readonly string[]): Promise<string[]> {
  const env = { PATH: `${folder}:${process.env['PATH']}` };
  const { stdout } = await run(shell, [join(folder, name), ...argv], { env });
  return stdout.split('\n').slice(0, -1);
}

function flux(nodes: number, tasks: number, cores = 1): string[] {
  return `run -N ${nodes} -n ${tasks} -c ${cores} -o cpu-affinity=off`.split(' ');
}

describe.each(shells)('in %s', (shell) => {
  test.each([
    ['as the step says', 'mpirun', ['lmp', '-in', 'a b'], [...flux(2, 4), 'lmp', '-in', 'a b']],
    ['another number', 'mpirun', ['-np', '8', 'lmp'], [...flux(2, 8), 'lmp']],
    ['another number, in one word', 'mpirun', ['-n8', 'lmp'], [...flux(2, 8), 'lmp']],
    ['fewer than there are pods', 'mpirun', ['-n', '1', 'lmp'], [...flux(1, 1), 'lmp']],
    ['cores of srun', 'srun', ['-n', '2', '-c', '3', 'lmp'], [...flux(2, 2, 3), 'lmp']],
    ['ranks of Open MPI', 'mpirun', ['-c', '2', 'lmp'], [...flux(2, 2), 'lmp']],
    [
      'where ranks go',
      'mpirun',
      ['--map-by', 'node', '--mca', 'btl', 'tcp', '--oversubscribe', 'lmp'],
      [...flux(2, 4), 'lmp'],
    ],
    ['a directory', 'mpirun', ['-wdir', '/data', 'lmp'], [...flux(2, 4), '--cwd=/data', 'lmp']],
    ['names of ranks', 'mpirun', ['-l', 'lmp'], [...flux(2, 4), '--label-io', 'lmp']],
    ['options of the program', 'mpirun', ['--', 'lmp', '-n', '7'], [...flux(2, 4), 'lmp', '-n', '7']],
  ])('%s', async (_what, name, argv, expected) => {
    expect(await launch(shell, name, ...argv)).toEqual([...expected, 'GREETING=']);
  });

  test.each([
    [['-x', 'GREETING=a b; $(c)']],
    [['-env', 'GREETING', 'a b; $(c)']],
    [['-genv', 'GREETING', 'a b; $(c)']],
  ])('a variable: %s', async (argv) => {
    expect((await launch(shell, 'mpirun', ...argv, 'lmp')).at(-1)).toBe('GREETING=a b; $(c)');
  });

  test.each([
    [['--tune', 'x', 'lmp'], 'flux run has no word for the option --tune'],
    [['-n', 'many', 'lmp'], "-n wants a number, not 'many'"],
    [['-n', '4'], 'no program is given'],
  ])('%s is refused', async (argv, words) => {
    await expect(launch(shell, 'mpirun', ...argv)).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining(words),
    });
  });
});
