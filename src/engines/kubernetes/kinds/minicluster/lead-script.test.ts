// The lead's scripts with a flux that says what this test has it say.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { followerScript } from './follower-script.ts';
import { leadAfter, leadBefore } from './lead-script.ts';
import { fluxFiles, fluxMount, miniClusterLayout } from './place.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'konverge-lead-'));
  for (const folder of ['bin', 'work', 'step', 'flux/konverge/lead'])
    mkdirSync(join(root, folder), { recursive: true });
  writeFileSync(join(root, 'step', fluxFiles.launcher), '#!/bin/sh\n');
});
afterEach(() => rmSync(root, { recursive: true }));

interface Outcome {
  readonly code: number | null;
  readonly refused: string;
  readonly stderr: string;
}

function run(script: string, flux: string, ...argv: readonly string[]): Outcome {
  writeFileSync(join(root, 'bin/flux'), `#!/bin/sh\n${flux}`);
  chmodSync(join(root, 'bin/flux'), 0o755);
  const text = script
    .replaceAll(miniClusterLayout.commands, join(root, 'step'))
    .replaceAll(fluxMount, join(root, 'flux'));
  writeFileSync(join(root, 'script'), text);
  const mark = join(root, 'mark');
  const { status, stderr } = spawnSync(
    '/bin/sh',
    ['-c', `exec /bin/sh '${root}/script' "$@" 9>'${mark}'`, 'sh', ...argv],
    {
      cwd: join(root, 'work'),
      env: { PATH: `${root}/bin:/usr/bin:/bin` },
      encoding: 'utf8',
    },
  );
  return { code: status, refused: existsSync(mark) ? readFileSync(mark, 'utf8') : '', stderr };
}

const mpi = { command: 'mpirun', tasks: 4, nodes: 2 };

describe('before the commands', () => {
  const before = leadBefore('mpirun', mpi, 1);

  test('puts a launcher in the place of each that the step may call', () => {
    expect(run(before, 'case $1 in resource) echo 4 ;; esac')).toMatchObject({ code: 0, refused: '' });
    for (const name of ['mpirun', 'mpiexec', 'srun'])
      expect(existsSync(join(root, 'flux/konverge/bin', name))).toBe(true);
  });

  test('puts none where the step calls Flux itself', () => {
    expect(run(leadBefore('flux submit --watch', mpi, 1), 'exit 0').code).toBe(0);
    expect(existsSync(join(root, 'flux/konverge/bin/flux'))).toBe(false);
    expect(existsSync(join(root, 'flux/konverge/bin/mpirun'))).toBe(false);
  });

  test('refuses tasks that Flux could never place', () => {
    expect(run(before, 'case $1 in resource) echo 2 ;; esac')).toMatchObject({
      code: 1,
      refused: expect.stringMatching(/^refused resource-invalid its 4 tasks need 4 cores, and Flux has 2 in 2 pods/),
    });
  });

  test.each([
    [
      'what a follower says',
      'refused object-missing no object a',
      'refused object-missing in another pod: no object a\n',
    ],
    [
      'with the rank that Flux puts before it',
      '1: refused object-missing no object a',
      'refused object-missing in another pod: no object a\n',
    ],
    [
      'what Flux says',
      'flux-exec: Error: rank 1: gone',
      'refused workload-lost another pod of the step does not answer: flux-exec: Error: rank 1: gone\n',
    ],
  ])('says why inputs are not there: %s', (_what, words, refused) => {
    expect(run(before, `case $1 in exec) echo '${words}'; exit 1 ;; esac`).refused).toBe(refused);
  });
});

describe('after the commands', () => {
  const after = leadAfter(2);
  const answers = (story: string): string => `
case "$*" in
  *' story '*) printf '${story}' ;;
  # As the real one: of a line nothing that follows a NUL.
  *' fetch '*) { /bin/sh '${root}/follower' fetch '${root}/other' || exit 1; } | sed 's/\\x00.*//' ;;
esac`;
  beforeEach(() => {
    mkdirSync(join(root, 'flux/konverge/marks'), { recursive: true });
    writeFileSync(join(root, 'follower'), followerScript.replaceAll(fluxMount, join(root, 'flux')));
  });

  test('brings what only another pod has, and says what both have', () => {
    mkdirSync(join(root, 'other/many'), { recursive: true });
    for (const [name, text] of [
      ['of-other', 'x\0y\nz'],
      ['both', 'other'],
      ['many/1', '1'],
    ] as const) {
      writeFileSync(join(root, 'other', name), text);
    }
    writeFileSync(join(root, 'work/both'), 'own');
    writeFileSync(join(root, 'flux/konverge/lead/launched'), '');
    const { code, stderr } = run(after, answers('file of-other\\nfile both\\ndirectory many\\n'), '0');
    expect([code, stderr]).toEqual([0, 'konverge: output both is in pod 1 too; that of the first pod counts\n']);
    const read = (name: string): string => readFileSync(join(root, 'work', name), 'utf8');
    expect(['of-other', 'both', 'many/1'].map(read)).toEqual(['x\0y\nz', 'own', '1']);
  });

  test('a success in which nothing was started by Flux is none', () => {
    expect(run(after, 'exit 0', '0').refused).toMatch(/^refused ranks-misplaced the step has started nothing by Flux/);
    expect(run(after, `case $1 in jobs) echo f1 ;; esac`, '0')).toMatchObject({ code: 0, refused: '' });
  });

  test('a failure is left alone', () => {
    expect(run(after, 'exit 1', '3')).toMatchObject({ code: 0, refused: '' });
  });

  test('a pod that answers no more, and one whose output cannot be read', () => {
    writeFileSync(join(root, 'flux/konverge/lead/launched'), '');
    expect(run(after, 'echo gone >&2; exit 1', '0').refused).toMatch(/^refused workload-lost pod 1 .*: gone\n$/);
    expect(run(after, answers('file not-there\\n'), '0').refused).toMatch(/^refused output-missing outputs of pod 1/);
  });
});
