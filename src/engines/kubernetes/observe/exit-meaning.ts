import { constants } from 'node:os';
import { type Failure, failure } from '../../../domain/failure.ts';

/**
 * What the exit code of a step's container says. Codes above 128 are the shell's way to name a signal; a command may also
 * choose them itself, so the code is always given too.
 */
export function exitFailure(exitCode: number, signalNumber?: number): Failure {
  const signal = signalName(signalNumber ?? exitCode - 128);
  if (signal !== undefined) {
    const guess = signal === 'SIGKILL' ? ' (nobody of ours; perhaps the kernel for want of memory)' : '';
    return failure('user', `the command was killed by ${signal}${guess}`, { exitCode, signal });
  }
  if (exitCode === 127) return failure('user', 'a command was not found in the image (exit code 127)', { exitCode });
  if (exitCode === 126) return failure('user', 'a command could not be executed (exit code 126)', { exitCode });
  return failure('user', `the command ended with exit code ${exitCode}`, { exitCode });
}

function signalName(number: number): string | undefined {
  // The first name of a number is the usual one: SIGABRT comes before SIGIOT.
  return Object.entries(constants.signals).find(([, value]) => value === number)?.[0];
}
