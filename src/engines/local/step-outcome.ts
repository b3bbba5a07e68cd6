import { readFileSync } from 'node:fs';
import { type Failure, failure } from '../../domain/failure.ts';
import { shortBytes } from './blockage.ts';
import { isRuntimeFailure } from './container-commands.ts';
import { endingFailure, exitFailure } from './exit-meaning.ts';
import type { ProcessPlan } from './process-plan.ts';
import type { StatusFile } from './status-file.ts';

/** How the wrapper's process ended, where it was our child. */
export interface WrapperExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Whether a step that ended by itself failed, and how. The wrapper's record counts; without one, how the wrapper ended. */
export function failureOf(
  plan: ProcessPlan,
  status: StatusFile | undefined,
  exit: WrapperExit | undefined,
): Failure | undefined {
  const end = status?.end;
  if (end === 'nodir') return failure('user', `its working directory ${plan.cwd} is not there, or may not be entered`);
  if (typeof end === 'number') return end === 0 ? undefined : commandFailure(plan, status, end);
  if (exit?.signal != null) return failure('lost', `the process that watches it was killed by ${exit.signal}`);
  // A full disk: the record could not be written, but the wrapper ends with the command's code.
  if (exit?.code != null && status !== undefined && status.commands.length > 0) {
    return exit.code === 0 ? undefined : commandFailure(plan, status, exit.code);
  }
  if (exit !== undefined)
    return failure('lost', `its start left no record (exit code ${exit.code}); see ${plan.directory.stderr}`);
  return failure('lost', 'the process that watched it is gone, and its end is not known');
}

function commandFailure(plan: ProcessPlan, status: StatusFile | undefined, exitCode: number): Failure {
  const runtime = status?.note.containers?.runtime;
  if (plan.image !== undefined && runtime !== undefined) {
    const words = tail(plan.directory.stderr);
    if (isRuntimeFailure(runtime, exitCode, words)) {
      return failure('image', `${runtime} could not run the image ${plan.image}: ${words.split('\n').at(-1) ?? ''}`);
    }
    const { memoryBytes } = plan.limits;
    if (exitCode === 137 && memoryBytes !== undefined && runtime !== 'apptainer') {
      return endingFailure({ kind: 'out-of-memory', limit: shortBytes(memoryBytes), by: 'kernel' });
    }
  }
  return exitFailure(exitCode, plan.directory.stderr);
}

function tail(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim().slice(-1000);
  } catch {
    return '';
  }
}
