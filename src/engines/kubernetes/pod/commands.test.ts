import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { commandsOf } from './commands.ts';
import { sampleMember, sampleOrder } from './sample-orders.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'konverge-commands-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(
  shell: string,
  text: string,
  path = '/usr/bin:/bin',
): { readonly code: number | null; readonly out: string } {
  const file = join(folder, 'command-0');
  writeFileSync(file, text);
  const { status, stdout } = spawnSync(shell, [file], { cwd: folder, env: { PATH: path }, encoding: 'utf8' });
  return { code: status, out: stdout };
}

function direct(...commands: string[]) {
  return commandsOf(sampleOrder({ execution: { mode: 'direct', shell: '/opt/bin/bash', commands } }).spec);
}

describe('the commands of a step', () => {
  test('name their shell without a path', () => {
    expect(direct('echo a', 'echo b\n')).toEqual({ shell: 'bash', texts: ['echo a\n', 'echo b\n'] });
  });

  test("keep Snakemake's prefix for bash, and do without it in a shell that does not know it", () => {
    const [text = ''] = direct('set -euo pipefail; false | true; echo on').texts;
    expect(run('/bin/bash', text)).toEqual({ code: 1, out: '' });
    const dash = ['/bin/dash', '/bin/sh'].find((path) => existsSync(path)) ?? '/bin/sh';
    expect(run(dash, text)).toEqual({ code: 0, out: 'on\n' });
  });

  test('leave other shells and prefixes as they are', () => {
    const commands = ['set -e; echo a'];
    const zsh = sampleOrder({ execution: { mode: 'direct', shell: '/bin/zsh', commands: ['set -euo pipefail; x'] } });
    expect(commandsOf(zsh.spec).texts).toEqual(['set -euo pipefail; x\n']);
    expect(direct(...commands).texts).toEqual(['set -e; echo a\n']);
  });

  test('of a group run one after another, with or without bash in the image', () => {
    const levels = [[sampleMember('a', 'echo "$0" > a')], [sampleMember('b', 'false | true; cat a; exit 3')]];
    const { shell, texts } = commandsOf(sampleOrder({ execution: { mode: 'group', levels } }).spec);
    expect([shell, texts.length]).toEqual(['sh', 1]);
    // bash ends at the pipe that fails, sh goes on.
    expect(run('/bin/sh', texts[0] ?? '')).toEqual({ code: 1, out: '' });
    for (const program of ['sh', 'cat', 'false', 'true']) symlinkSync(`/bin/${program}`, join(folder, program));
    expect(run('/bin/sh', texts[0] ?? '', folder)).toMatchObject({ code: 3 });
  });

  test('of a fallback are its own command', () => {
    const execution = { mode: 'fallback', command: 'snakemake x', reasons: ['y'], digest: 'z' } as const;
    expect(commandsOf(sampleOrder({ execution }).spec)).toEqual({ shell: 'sh', texts: ['snakemake x\n'] });
  });
});
