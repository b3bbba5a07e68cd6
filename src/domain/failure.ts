import type { KonvergeError } from './error.ts';
import type { ErrorCode } from './error-table.ts';

/**
 * Why a step failed, as a class that a caller can decide on.
 *
 * - `user`: the command ended with a non-zero exit code, or by a signal that nobody of ours sent.
 * - `out-of-memory`: the kernel or our watcher killed it at its memory limit.
 * - `timeout`: it ran longer than its runtime.
 * - `never-admissible`: no queue can ever admit it.
 * - `image`: its container image cannot be had or has no usable shell.
 * - `lost`: what ran it is gone (node, supervisor process) and its end is unknown.
 * - `missing-output`: the command succeeded, but a declared output is not there.
 * - `storage`: inputs or outputs could not be moved.
 * - `service`: a service of the step did not start, or ended before the application.
 * - `cancelled`: somebody asked for its end.
 */
export const failureClasses = [
  'user',
  'out-of-memory',
  'timeout',
  'never-admissible',
  'image',
  'lost',
  'missing-output',
  'storage',
  'service',
  'cancelled',
] as const;

export type FailureClass = (typeof failureClasses)[number];

export interface Failure {
  readonly class: FailureClass;
  /** One sentence for a person: what happened. */
  readonly message: string;
  readonly hint: string;
  /** The error that it came from, where storage failed. */
  readonly code?: ErrorCode;
  /** The command's exit code, where it ended by itself. */
  readonly exitCode?: number;
  /** The signal's name (`SIGKILL`), where it was ended by one. */
  readonly signal?: string;
}

/** What a person can do about each class. `konverge` prints it after the message. */
export const failureHints: Readonly<Record<FailureClass, string>> = {
  user: 'Read the last lines of its log.',
  'out-of-memory': 'Ask for more memory, for example mem_mb=lambda wildcards, attempt: attempt * 4000 with retries.',
  timeout: 'Ask for a longer runtime, or give the step less to do.',
  'never-admissible': 'Ask for less, or raise the quota of its queue.',
  image: 'Check the name of the image and that it has a POSIX shell.',
  lost: 'Run again; a lost step is started anew.',
  'missing-output': 'Check that the command writes every file that the rule declares.',
  storage: 'Check the storage settings and credentials.',
  service: "Read the service's log beside the step's.",
  cancelled: 'Run again to go on where it stopped.',
};

/** An error of what moves a step's files, or looks after it in its pod, as the reason of its failure. */
export function storageFailure(error: KonvergeError): Failure {
  const cls = classOf[error.code] ?? 'storage';
  return { ...failure(cls, error.message), hint: error.hint, code: error.code };
}

const classOf: Partial<Record<ErrorCode, FailureClass>> = {
  'output-missing': 'missing-output',
  'output-invalid': 'missing-output',
  'image-unfit': 'image',
  'ranks-misplaced': 'user',
  'workload-lost': 'lost',
};

/** Whether nothing of the step itself is wrong, and the same may succeed if it is run again. */
export function isPassing({ code }: Failure): boolean {
  return code !== undefined && passing.has(code);
}

const passing: ReadonlySet<ErrorCode> = new Set([
  'storage-unavailable',
  'agent-lost',
  'object-changed',
  'workload-lost',
]);

export function failure(
  cls: FailureClass,
  message: string,
  exit: { readonly exitCode?: number; readonly signal?: string } = {},
): Failure {
  return { class: cls, message, hint: failureHints[cls], ...exit };
}
