import { KonvergeError } from '../../../domain/error.ts';
import type { ErrorCode } from '../../../domain/error-table.ts';
import { describeLocation, type ObjectLocation } from '../../../domain/object-location.ts';
import type { Prospect } from './patience.ts';

/** What matters of an error that the S3 client throws: the store's own code, the status, and what the network said. */
export interface S3Failure {
  /** The code in the body of the answer; a HEAD has no body, so there it is only a guess from the status. */
  readonly name: string;
  readonly status?: number;
  /** Node's code of a connection that broke. */
  readonly system?: string;
  readonly message: string;
  readonly retryAfterMs?: number;
  /** The client has found that its clock is off, and will sign with the store's time from now on. */
  readonly clockCorrected: boolean;
}

export function failureOf(error: unknown): S3Failure {
  const { name, message, code, $metadata, $response, cause } = error as {
    name?: string;
    message?: string;
    code?: unknown;
    cause?: { code?: unknown };
    $metadata?: { httpStatusCode?: number; clockSkewCorrected?: boolean };
    $response?: { headers?: Record<string, string> };
  };
  const system = [code, cause?.code].find((value) => typeof value === 'string');
  const retryAfter = Number($response?.headers?.['retry-after']);
  return {
    name: name ?? 'Error',
    message: message ?? String(error),
    clockCorrected: $metadata?.clockSkewCorrected === true,
    ...($metadata?.httpStatusCode !== undefined && { status: $metadata.httpStatusCode }),
    ...(system !== undefined && { system }),
    ...(retryAfter > 0 && { retryAfterMs: retryAfter * 1000 }),
  };
}

/** Whether the store does not know such requests at all. */
export function isUnknownRequest(error: unknown): boolean {
  const { name, status } = failureOf(error);
  return name === 'NotImplemented' || status === 501;
}

const throttled = new Set(['SlowDown', 'ServiceUnavailable', 'Throttling', 'ThrottlingException', 'TooManyRequests']);
const transient = new Set(['InternalError', 'RequestTimeout', 'OperationAborted', 'TimeoutError', 'BadDigest']);
const unreachable = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EAI_AGAIN', 'EHOSTUNREACH']);
const lost = new Set(['ENETUNREACH', 'ENOTFOUND', 'ERR_STREAM_PREMATURE_CLOSE', 'HPE_INVALID_CONSTANT']);

export function prospectOf(error: unknown): { readonly prospect: Prospect; readonly retryAfterMs?: number } {
  const failure = failureOf(error);
  const { status = 0, retryAfterMs } = failure;
  const hint = retryAfterMs === undefined ? {} : { retryAfterMs };
  if (throttled.has(failure.name) || status === 503 || status === 429) return { prospect: 'wait', ...hint };
  if (failure.system !== undefined && unreachable.has(failure.system)) return { prospect: 'wait' };
  if (failure.name === 'TimeoutError') return { prospect: 'wait' };
  // A checksum that does not match is a part damaged on its way.
  if (transient.has(failure.name) || status >= 500) return { prospect: status === 501 ? 'never' : 'again', ...hint };
  if (failure.system !== undefined && lost.has(failure.system)) return { prospect: 'again' };
  // Of a client whose clock is off every error says that it was corrected; only a refusal may come from that.
  const mayBeClock = failure.clockCorrected && (status === 403 || status === 400);
  return { prospect: mayBeClock ? 'again' : 'never' };
}

const denied = new Set([
  'AccessDenied',
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'ExpiredToken',
  'InvalidToken',
  'TokenRefreshRequired',
  'AccountProblem',
  'AllAccessDisabled',
  'CredentialsProviderError',
  // versitygw's word for a key id that nobody has; it comes with 404, so a HEAD cannot tell it from a missing object.
  'XAdminUserNotFound',
]);
const codes: Readonly<Record<string, ErrorCode>> = {
  NoSuchBucket: 'bucket-missing',
  NoSuchKey: 'object-missing',
  // To a HEAD, whatever is missing.
  NotFound: 'object-missing',
  NoSuchUpload: 'upload-missing',
  PreconditionFailed: 'object-changed',
  // Of stores that keep objects as files, such as versitygw: a key that holds an object cannot be the folder of another.
  ObjectParentIsFile: 'object-ambiguous',
  ExistingObjectIsDirectory: 'object-ambiguous',
  QuotaExceeded: 'disk-full',
};

/**
 * The error for a person: the operation, the object and the store's own words. Never a credential: what the client sent is
 * not in it, and of the store's answer only code and message, since other fields repeat the key id and the signed request.
 */
export function storageError(operation: string, at: ObjectLocation, error: unknown): KonvergeError {
  if (error instanceof KonvergeError) return error;
  const failure = failureOf(error);
  const where = `cannot ${operation} ${describeLocation(at)}`;
  const code = codeOf(failure);
  return new KonvergeError(code, `${where}: ${wordsOf(failure)}`, { cause: harmless(failure) });
}

function codeOf(failure: S3Failure): ErrorCode {
  const { name, status = 0 } = failure;
  const known = codes[name];
  if (known !== undefined) return known;
  if (name === 'RequestTimeTooSkewed') return 'storage-unavailable';
  if (denied.has(name) || status === 401 || status === 403) return 'storage-denied';
  if (failure.system === 'ENOSPC' || failure.system === 'EDQUOT') return 'disk-full';
  if (status === 412) return 'object-changed';
  return prospectOf({ ...failure, $metadata: { httpStatusCode: status }, code: failure.system }).prospect === 'never'
    ? 'storage-failed'
    : 'storage-unavailable';
}

function wordsOf({ name, status, message, system }: S3Failure): string {
  if (name === 'RequestTimeTooSkewed') {
    return 'the clocks of this machine and of the store differ, and signing with the time that the store gives did not help';
  }
  if (status === 403 && (name === '403' || name === 'Forbidden' || name === 'Unknown' || message === 'UnknownError')) {
    // The answer to a HEAD has no body that could say more.
    return 'the store answers 403 without a reason: wrong or expired keys, no right to this object, or no such object and no right to list the bucket';
  }
  if (status !== undefined) return `${name} (${status}): ${message}`;
  return system === undefined || message.includes(system) ? message || name : `${system}: ${message}`;
}

/** The client's own errors hold the whole request with its signature, which a logger might print. */
function harmless(failure: S3Failure): Error {
  const cause = new Error(failure.message);
  cause.name = failure.name;
  return cause;
}
