import { describe, expect, test } from 'vitest';
import { endingFailure, exitFailure, startFailure } from './exit-meaning.ts';

describe('exit codes', () => {
  test.each([
    [1, { exitCode: 1, message: 'the command ended with exit code 1; see /log' }],
    [126, { exitCode: 126, message: 'a command could not be executed (exit code 126); see /log' }],
    [127, { exitCode: 127, message: 'a command was not found (exit code 127); see /log' }],
    [128, { exitCode: 128 }],
    [134, { exitCode: 134, signal: 'SIGABRT', message: 'the command was killed by SIGABRT; see /log' }],
    [137, { signal: 'SIGKILL', message: expect.stringContaining('want of memory') }],
    [143, { signal: 'SIGTERM' }],
    [255, { exitCode: 255, message: 'the command ended with exit code 255; see /log' }],
  ])('%i', (code, expected) => {
    expect(exitFailure(code, '/log')).toMatchObject({ class: 'user', ...expected });
  });

  test('what we ended ourselves', () => {
    expect(endingFailure({ kind: 'timeout', runtimeMs: 90_000 })).toMatchObject({
      class: 'timeout',
      message: expect.stringContaining('90 s'),
    });
    expect(endingFailure({ kind: 'out-of-memory', limit: '2Gi', by: 'kernel' })).toMatchObject({
      class: 'out-of-memory',
      message: expect.stringContaining('2Gi'),
    });
    expect(endingFailure({ kind: 'cancelled' })).toMatchObject({ class: 'cancelled' });
  });

  test('what could not be started', () => {
    const error = (code: string) => Object.assign(new Error(`${code}: no`), { code });
    expect(startFailure(error('E2BIG'), 'it')).toMatchObject({ class: 'user' });
    expect(startFailure(error('ENOSPC'), 'it')).toMatchObject({
      class: 'lost',
      message: expect.stringContaining('no space'),
    });
    expect(startFailure(error('EAGAIN'), 'it')).toMatchObject({ class: 'lost' });
    expect(startFailure(error('EIO'), 'it')).toMatchObject({ class: 'lost', message: 'it: EIO: no' });
  });
});
