// The scripts in shells that images have, with a stub in place of ssh.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { podLayout } from '../../../../domain/pod-layout.ts';
import { mpiFolder } from '../../pod/mpi-place.ts';
import { srunScript } from '../../pod/srun-script.ts';
import { mpiFiles } from './environment.ts';
import { launcherAfter, launcherBefore } from './launcher-script.ts';
import { rankNote, rankSession } from './rank-script.ts';

const root = mkdtempSync(join(tmpdir(), 'konverge-mpi-'));
afterAll(() => rmSync(root, { recursive: true }));

/** With the places of a pod below `root`. */
function here(text: string): string {
  return text
    .replaceAll(podLayout.commands, join(root, 'commands'))
    .replaceAll(mpiFolder, join(root, 'mpi'))
    .replaceAll('/konverge/', `${root}/`);
}

function write(path: string, text: string): string {
  const file = join(root, path);
  writeFileSync(file, text);
  chmodSync(file, 0o755);
  return file;
}

function read(path: string): string {
  try {
    return readFileSync(join(root, path), 'utf8');
  } catch {
    return '';
  }
}

beforeEach(() => {
  for (const folder of ['commands', 'mpi', 'work']) rmSync(join(root, folder), { recursive: true, force: true });
  for (const folder of ['commands', 'mpi/bin', 'work']) mkdirSync(join(root, folder), { recursive: true });
});

function run(shell: string, script: string, words: readonly string[] = [], env: Record<string, string> = {}) {
  const file = write('commands/script', here(script));
  return spawnSync('/bin/sh', ['-c', 'exec "$@" 9>>"$0"', join(root, 'mpi/told'), `/bin/${shell}`, file, ...words], {
    cwd: join(root, 'work'),
    env: { PATH: process.env['PATH'] ?? '', ...env },
    encoding: 'utf8',
  });
}

describe.each(['dash', 'bash'])('in %s', (shell) => {
  /** The launcher's script after commands that have ended so, where other pods tell this. */
  function after(code: number, stories: readonly string[]) {
    write(`commands/${mpiFiles.workers}`, stories.map((_story, index) => `host-${index}\n`).join(''));
    stories.forEach((story, index) => write(`mpi/tells-host-${index}`, story));
    write(
      'mpi/bin/ssh',
      `#!/bin/sh\ncase $2 in konverge-story) cat '${root}/mpi/tells-'"$1" ;; konverge-end) echo "$1" >>'${root}/mpi/ended' ;; esac\n`,
    );
    const { status, stderr } = run(shell, launcherAfter, [String(code)]);
    return { status, stderr, told: read('mpi/told').trim(), ended: read('mpi/ended').trim().split('\n').sort() };
  }

  const told = (idle: string): string =>
    `refused ranks-misplaced no rank ran in ${idle}: the command has to start as many ranks as its resource tasks says, and in all pods of the step`;
  const none =
    "refused ranks-misplaced the launcher has used none of the step's other pods: all of its ranks ran in one";
  const [daemon, rank] = ['reached\n', 'reached\nused\n'];

  test.each([
    ['all pods', [rank, rank], ''],
    ['one of two', [rank, daemon], told('worker-1')],
    ['one of four', ['', rank, daemon, 'file reached\n'], told('worker-0, worker-2, worker-3')],
    ['none', [daemon, daemon], none],
  ])('of an MPI that notes its ranks, in %s', (_where, stories, words) => {
    write('mpi/ranks', '\n');
    const end = after(0, stories);
    expect(end).toMatchObject({ status: words === '' ? 0 : 1, told: words });
    expect(end.ended).toEqual(stories.map((_story, index) => `host-${index}`));
  });

  test.each([
    ['all pods', [daemon, daemon], ''],
    ['one of two', [daemon, ''], told('worker-1')],
    ['none', ['', ''], none],
  ])('of another MPI, in %s', (_where, stories, words) => {
    expect(after(0, stories).told).toBe(words);
  });

  test('where the command has failed, that is all that is said', () => {
    expect(after(3, ['', ''])).toMatchObject({ status: 0, told: '', ended: ['host-0', 'host-1'] });
  });

  test('a file that two pods have', () => {
    write('work/out.txt', 'of rank 0');
    const { status, stderr } = after(0, ['reached\nfile out.txt\n']);
    expect(status).toBe(0);
    expect(stderr).toContain("konverge: output out.txt is in the pod of host-0 too; that of the launcher's pod counts");
  });

  /** The launcher's script before the commands, alone in an image with these programs. */
  function before(launcher: string, programs: readonly string[]) {
    mkdirSync(join(root, 'work/bin'));
    for (const name of programs) write(`work/bin/${name}`, '#!/bin/sh\necho "$0 $*"\n');
    write(`commands/${mpiFiles.workers}`, '');
    write(`commands/${mpiFiles.srun}`, srunScript({ tasks: 2, nodes: 1 }));
    // This machine may have an MPI.
    for (const tool of ['mkdir', 'cat', 'chmod', 'tr']) symlinkSync(`/bin/${tool}`, join(root, 'work/bin', tool));
    const path = `${join(root, 'mpi/bin')}:${join(root, 'work/bin')}`;
    const { status, stderr } = run(shell, launcherBefore(launcher), [], { PATH: path });
    return { status, stderr, told: read('mpi/told').trim(), standIn: read('mpi/bin/srun') };
  }

  test('an image has to have the launcher, whatever its options are', () => {
    expect(before('mpiexec -bind-to core', ['mpiexec'])).toEqual({ status: 0, stderr: '', told: '', standIn: '' });
    rmSync(join(root, 'work/bin'), { recursive: true });
    expect(before('aprun -n 2', ['mpiexec'])).toMatchObject({
      status: 1,
      told: expect.stringMatching(/^refused image-unfit the image has no aprun, which starts the step/),
    });
  });

  test.each([
    ['neither', [], 1, ''],
    ['srun', ['srun', 'mpirun'], 0, ''],
    ['mpirun', ['mpirun'], 0, 'konverge: the image has no srun: its mpirun starts the ranks in place of it\n'],
  ])('of an image that has %s, srun', (_what, programs, status, said) => {
    const made = before('srun --mpi=pmix', programs);
    expect(made.status).toBe(status);
    if (status === 0) expect(made.stderr).toBe(said);
    expect(made.standIn.startsWith('#!/bin/sh')).toBe(said !== '');
  });

  /** What a pod of other ranks tells after these sessions. */
  function storyAfter(...sessions: readonly string[]): string {
    write('mpi/workdir', `${root}/work\n`);
    write('mpi/environment', '');
    write(`commands/${mpiFiles.outputs}`, 'out.txt\nabsent\n');
    const note = write(`commands/${mpiFiles.rankNote}`, here(rankNote));
    const session = (command: string) =>
      run(shell, rankSession, [], { SSH_ORIGINAL_COMMAND: command.replaceAll('NOTE', note) });
    for (const command of sessions) expect(session(command), command).toMatchObject({ status: 0, stderr: '' });
    return session('konverge-story').stdout;
  }

  test.each([
    ['nobody came', [], ''],
    ['a daemon without ranks', ['true'], daemon],
    ['a daemon with a rank', ['sh NOTE true'], rank],
  ])('%s', (_what, sessions, story) => {
    expect(storyAfter(...sessions)).toBe(story);
  });

  test('a rank takes the place of what notes it, with its words and its exit code', () => {
    const note = here(rankNote);
    const { status, stdout } = run(shell, note, ['sh', '-c', 'printf "<%s>" "$@"; exit 7', 'sh', 'a b', '*']);
    expect({ status, stdout, noted: read('mpi/ranks') }).toEqual({ status: 7, stdout: '<a b><*>', noted: '\n' });
    rmSync(join(root, 'mpi'), { recursive: true });
    mkdirSync(join(root, 'mpi'));
    chmodSync(join(root, 'mpi'), 0o500);
    expect(run(shell, note, ['true']).status).toBe(0);
    chmodSync(join(root, 'mpi'), 0o700);
  });
});
