import { KonvergeError } from '../domain/error.ts';

/** An error of the local file system, naming the path: `disk-full`, or `internal` with what the system said. */
export function diskError(path: string, thrown: unknown): KonvergeError {
  if (thrown instanceof KonvergeError) return thrown;
  const cause = thrown as NodeJS.ErrnoException;
  if (cause.code === 'ENOSPC' || cause.code === 'EDQUOT') {
    return new KonvergeError('disk-full', `no space left to write ${path}`, { cause });
  }
  return new KonvergeError('internal', `${path}: ${cause.message}`, { cause });
}

export function isAbsent(thrown: unknown): boolean {
  const { code } = thrown as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}
