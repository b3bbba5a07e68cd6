import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { environmentFile, shellWord } from './environment.ts';

/** Runs a text by a shell with an empty environment, and answers with what it printed. */
function run(shell: string, script: string): string {
  const { stdout, stderr, status } = spawnSync(shell, ['-s'], { input: script, env: { PATH: '/usr/bin:/bin' } });
  expect([status, stderr.toString()]).toEqual([0, '']);
  return stdout.toString();
}

/** No NUL, and nothing that UTF-8 has no bytes for. */
const value = fc.string({ unit: 'binary', maxLength: 60 }).map((text) => text.replaceAll('\0', '').toWellFormed());
const nasty = fc.string({
  unit: fc.constantFrom(...`'"\\$\`!*?~#;&|<>(){}[] \t\r\n`.split(''), 'é', 'a'),
  maxLength: 40,
});
const shells = ['/bin/sh', '/bin/bash', '/bin/dash'].filter((shell) => existsSync(shell));

describe('the environment file', () => {
  test.each(shells)('gives each variable its value in %s, whatever is in it', (shell) => {
    fc.assert(
      fc.property(fc.array(fc.oneof(value, nasty), { minLength: 1, maxLength: 20 }), (values) => {
        const env = Object.fromEntries(values.map((one, index) => [`V_${index}`, one]));
        const script = `${environmentFile('r', env)}${values.map((_, index) => `printf '%s\\0' "$V_${index}"\n`).join('')}`;
        expect(run(shell, script).split('\0').slice(0, -1)).toEqual(values);
      }),
      { numRuns: 40 },
    );
  });

  test('quotes so that two words stay two', () => {
    fc.assert(
      fc.property(nasty, nasty, (a, b) => {
        expect(run('/bin/sh', `printf '%s\\0' ${shellWord(a)} ${shellWord(b)}`).split('\0')).toEqual([a, b, '']);
      }),
      { numRuns: 40 },
    );
  });

  test('leaves out what belongs to the pod or the shell, and sorts the rest', () => {
    const env = {
      B: '2',
      HOME: '/home/ann',
      TMPDIR: '/scratch',
      TMP: '/scratch',
      UID: '5',
      konverge_code: '1',
      A: '1',
    };
    expect(environmentFile('r', env)).toBe(
      "export A='1'\nexport B='2'\nexport TEMP='/konverge/tmp'\nexport TEMPDIR='/konverge/tmp'\nexport TMP='/konverge/tmp'\n",
    );
  });

  test.each([
    [{ 'a b': '1' }, 'rule r, environment: "a b" cannot be the name of a variable'],
    [{ 'X;reboot': '1' }, 'rule r, environment: "X;reboot" cannot be the name of a variable'],
    [{ 'BASH_FUNC_f%%': '() { :; }' }, 'cannot be the name of a variable'],
    [{ SECRET: 'a\0b' }, 'the value of SECRET has a NUL in it'],
    [{ BIG: 'x'.repeat(131_072) }, 'BIG has 131076 bytes, and one variable may have 131071'],
  ])('refuses what no process can have', (env, message) => {
    expect(() => environmentFile('r', env as unknown as Record<string, string>)).toThrow(message);
  });

  test('takes the largest variable that a process can have', () => {
    const text = environmentFile('r', { BIG: 'x'.repeat(131_071 - 4) });
    // `printenv` is a process: the kernel has the last word.
    expect(run('/bin/sh', `${text}printenv BIG`)).toHaveLength(131_071 - 4 + 1);
  });
});
