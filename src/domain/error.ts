import { type ErrorCode, errorTable } from './error-table.ts';

/** An error as it crosses a process border: in API answers, in events and in `--json` output. */
export interface ErrorBody {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
}

/**
 * The one error class of the project: what happened and where (`message`), what to do (`hint`), and a code to decide on.
 * Callers decide by `code`; the table in error-table.ts is the list of all of them.
 */
export class KonvergeError extends Error {
  readonly code: ErrorCode;
  readonly hint: string;

  constructor(code: ErrorCode, message: string, options?: { hint?: string; cause?: unknown }) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'KonvergeError';
    this.code = code;
    this.hint = options?.hint ?? errorTable[code].hint;
  }

  toBody(): ErrorBody {
    return { code: this.code, message: this.message, hint: this.hint };
  }
}

/** Any thrown value as a KonvergeError; what is not ours is `internal`, or what the operating system said of the disk. */
export function asKonvergeError(thrown: unknown): KonvergeError {
  if (thrown instanceof KonvergeError) return thrown;
  const cause = thrown instanceof Error ? thrown : new Error(String(thrown));
  const systemCode = (cause as { code?: unknown }).code;
  if (systemCode === 'ENOSPC' || systemCode === 'EDQUOT') {
    return new KonvergeError('disk-full', cause.message, { cause });
  }
  return new KonvergeError('internal', cause.message, { cause });
}
