import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { GroupMember } from '../../src/domain/group.ts';
import { buildGroupScript } from '../../src/domain/group-script.ts';
import { member } from '../group-member.ts';

/** As whoever runs a step does it: in a group of processes of its own, of which nothing is left afterwards. */
async function run(levels: readonly (readonly GroupMember[])[], threads = 4) {
  const directory = mkdtempSync(join(tmpdir(), 'konverge-group-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  writeFileSync(join(directory, 'script'), buildGroupScript(levels, threads));
  const log = openSync(join(directory, 'stderr'), 'w');
  const child = spawn('/bin/sh', ['script'], { cwd: directory, detached: true, stdio: ['ignore', 'ignore', log] });
  closeSync(log);
  const [status] = (await once(child, 'exit', { signal: AbortSignal.timeout(20_000) })) as [number | null];
  try {
    process.kill(-(child.pid ?? 0), 'SIGKILL');
  } catch {
    // Nothing is left of it.
  }
  const read = (name: string): string => readFileSync(join(directory, name), 'utf8');
  return { status, stderr: read('stderr'), read };
}

describe('the script, run', () => {
  test('levels one after another, members of a level at once', async () => {
    // Each of the two waits for the other: run one after another they would never end.
    const meet = (mine: string, theirs: string) => `: >${mine}; while [ ! -e ${theirs} ]; do sleep 0.02; done`;
    const { status, read } = await run([
      [member('a', meet('a', 'b')), member('b', meet('b', 'a'))],
      [member('c', '[ -e a ] && [ -e b ] && echo whole >c')],
    ]);
    expect(status).toBe(0);
    expect(read('c')).toBe('whole\n');
  });

  test('the first failure ends the group with its code, after those beside it have ended', async () => {
    const { status, stderr, read } = await run([
      [member('bad', 'exit 7'), member('slow', 'sleep 0.2; echo done >slow')],
      [member('never', 'echo no >never')],
    ]);
    expect(status).toBe(7);
    expect(stderr).toContain('bad of the group failed with exit code 7');
    expect(read('slow')).toBe('done\n');
    expect(() => read('never')).toThrow('ENOENT');
  });

  test('a member stops at its first failed command, and keeps its variables to itself', async () => {
    const { status, read } = await run([[member('a', '', { commands: ['echo 1 >>a', 'false', 'echo 3 >>a'] })]]);
    expect(status).toBe(1);
    expect(read('a')).toBe('1\n');
    const apart = await run([
      [member('a', 'echo "$X" >a', { env: { X: "it's" } })],
      [member('b', 'echo "[${X-none}]" >b')],
    ]);
    expect([apart.read('a'), apart.read('b')]).toEqual(["it's\n", '[none]\n']);
  });

  test('touch() outputs and logs are there for the next level', async () => {
    const { status } = await run([
      [member('a', 'true', { touch: ['t'], logs: ['l'] })],
      [member('b', '[ -e t ] && [ -e l ]')],
    ]);
    expect(status).toBe(0);
  });

  test('a pipe connects two members', async () => {
    const { status, read } = await run([[member('a', 'seq 3 >p', { pipes: ['p'] }), member('b', 'cat p >b')]]);
    expect(status).toBe(0);
    expect(read('b')).toBe('1\n2\n3\n');
  });

  test('who fails before it opens a pipe ends the group, though the other end waits for it', async () => {
    const writer = await run([[member('a', 'exit 4; seq 3 >p', { pipes: ['p'] }), member('b', 'cat p >b')]]);
    expect([writer.status, writer.stderr]).toEqual([4, expect.stringContaining('a of the group failed')]);
    const reader = await run([[member('a', 'seq 3 >p', { pipes: ['p'] }), member('b', 'exit 5; cat p >b')]]);
    expect(reader.status).toBe(5);
  });

  test('a service is there before its users begin, and is ended with them', async () => {
    const service = `trap 'echo ended >end; exit 143' TERM; sleep 0.1; : >up; while :; do sleep 0.02; done`;
    const { status, read } = await run([
      [member('s', service, { service: true, ready: ['up'] }), member('u', '[ -e up ] && echo used >u')],
    ]);
    expect(status).toBe(0);
    expect([read('u'), read('end')]).toEqual(['used\n', 'ended\n']);
  });

  test('a service that ends before it is ready fails the group', async () => {
    const { status, stderr } = await run([
      [member('s', 'exit 3', { service: true, ready: ['up'] }), member('u', 'true')],
    ]);
    expect(status).not.toBe(0);
    expect(stderr).toContain('s of the group failed with exit code 3');
  });

  test('any text is a word', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const clean = text.replaceAll('\0', '');
        const script = buildGroupScript([[member('a', 'printf %s "$X"', { env: { X: clean } })]], 1);
        expect(execFileSync('/bin/sh', ['-c', script], { encoding: 'utf8' })).toBe(
          Buffer.from(clean, 'utf8').toString('utf8'),
        );
      }),
      { numRuns: 40 },
    );
  });
});
