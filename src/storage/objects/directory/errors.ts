import { KonvergeError } from '../../../domain/error.ts';
import type { ErrorCode } from '../../../domain/error-table.ts';
import { describeLocation, type ObjectLocation } from '../../../domain/object-location.ts';

const codes: Readonly<Record<string, ErrorCode>> = {
  ENOENT: 'object-missing',
  EACCES: 'storage-denied',
  EPERM: 'storage-denied',
  EROFS: 'storage-denied',
  ENOSPC: 'disk-full',
  EDQUOT: 'disk-full',
  // A key cannot hold an object and be the folder of others.
  ENOTDIR: 'object-ambiguous',
  EISDIR: 'object-ambiguous',
  EEXIST: 'object-ambiguous',
  ENOTEMPTY: 'object-ambiguous',
};

/** The error for a person: the operation, the file, and the words of the operating system. */
export function storageError(operation: string, at: ObjectLocation, error: unknown): KonvergeError {
  if (error instanceof KonvergeError) return error;
  const system = systemCode(error);
  const message = error instanceof Error ? error.message : String(error);
  const reason =
    codes[system ?? ''] === 'object-ambiguous' ? 'one of the two is a file where the other needs a folder' : undefined;
  const words = reason === undefined ? message : `${reason} (${message})`;
  return new KonvergeError(
    codes[system ?? ''] ?? 'storage-failed',
    `cannot ${operation} ${describeLocation(at)}: ${words}`,
    { cause: error },
  );
}

/** There is no such file, or what would be its folder is a file. */
export function isMissing(error: unknown): boolean {
  const system = systemCode(error);
  return system === 'ENOENT' || system === 'ENOTDIR';
}

export function systemCode(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}
