import { constants } from 'node:os';
import { type Failure, failure } from '../../domain/failure.ts';

/** Why we ended a step ourselves; it decides the failure's class, whatever exit code came of it. */
export type Ending =
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'timeout'; readonly runtimeMs: number }
  | { readonly kind: 'out-of-memory'; readonly limit: string; readonly by: 'kernel' | 'watcher' }
  | { readonly kind: 'service'; readonly message: string };

export function endingFailure(ending: Ending): Failure {
  switch (ending.kind) {
    case 'cancelled':
      return failure('cancelled', 'it was cancelled');
    case 'timeout':
      return failure('timeout', `it ran longer than its runtime of ${ending.runtimeMs / 1000} s and was ended`);
    case 'out-of-memory':
      return failure(
        'out-of-memory',
        ending.by === 'kernel'
          ? `it used more than its memory limit of ${ending.limit}, and the kernel killed it`
          : `it used more than its memory limit of ${ending.limit} and was ended`,
      );
    case 'service':
      return failure('service', ending.message);
  }
}

/**
 * What an exit code of the shell says. Codes above 128 are the shell's way to name a signal; a command may also choose them
 * itself, so the code is always given too.
 */
export function exitFailure(exitCode: number, stderrPath: string): Failure {
  const signal = signalName(exitCode - 128);
  const log = `; see ${stderrPath}`;
  if (signal !== undefined) {
    const guess = signal === 'SIGKILL' ? ' (nobody of ours; perhaps the kernel for want of memory)' : '';
    return failure('user', `the command was killed by ${signal}${guess}${log}`, { exitCode, signal });
  }
  if (exitCode === 127) return failure('user', `a command was not found (exit code 127)${log}`, { exitCode });
  if (exitCode === 126) return failure('user', `a command could not be executed (exit code 126)${log}`, { exitCode });
  return failure('user', `the command ended with exit code ${exitCode}${log}`, { exitCode });
}

function signalName(number: number): string | undefined {
  // The first name of a number is the usual one: SIGABRT comes before SIGIOT.
  return Object.entries(constants.signals).find(([, value]) => value === number)?.[0];
}

/** What went wrong when a step was to be started, for a person. */
export function startFailure(thrown: unknown, what: string): Failure {
  const { code, message } =
    thrown instanceof Error ? (thrown as NodeJS.ErrnoException) : { code: '', message: String(thrown) };
  switch (code ?? '') {
    case 'E2BIG':
      return failure(
        'user',
        `${what}: its environment and arguments are larger than the operating system allows (E2BIG)`,
      );
    case 'ENOSPC':
    case 'EDQUOT':
      return failure('lost', `${what}: no space left for its log files (${code})`);
    case 'EAGAIN':
    case 'ENOMEM':
      return failure('lost', `${what}: the operating system has no room for another process (${code})`);
    case 'EMFILE':
    case 'ENFILE':
      return failure('lost', `${what}: too many open files (${code})`);
    default:
      return failure('lost', `${what}: ${message}`);
  }
}
