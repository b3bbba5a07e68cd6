/** Why one try of a request did not get what it asked for. Only this folder sees it; error-of.ts makes a KonvergeError of it. */
export class CallFailure extends Error {
  readonly kind: FailureKind;
  /** Of an answer, or of an ERROR event. */
  readonly status: number | undefined;
  /** The API's own word: NotFound, AlreadyExists, Conflict, Expired, … */
  readonly reason: string | undefined;
  /** What the answer says of the object that it is about. */
  readonly details: StatusDetails;
  readonly retryAfterMs: number | undefined;
  /** Node's or OpenSSL's code of a connection that failed. */
  readonly code: string | undefined;

  constructor(kind: FailureKind, message: string, facts: FailureFacts = {}) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.name = 'CallFailure';
    this.kind = kind;
    this.status = facts.status;
    this.reason = facts.reason;
    this.details = facts.details ?? {};
    this.retryAfterMs = facts.retryAfterMs;
    this.code = facts.code;
  }
}

/**
 * - `network`: no connection, or it broke. `tls`: the two do not trust each other. `silence`: connected, but nothing came.
 * - `credentials`: there are none to send: a program or file of the kubeconfig failed.
 * - `garbage`: an answer that the API does not give. `answer`: the API says no.
 */
export type FailureKind = 'network' | 'tls' | 'silence' | 'credentials' | 'garbage' | 'answer';

interface FailureFacts {
  readonly status?: number;
  readonly reason?: string | undefined;
  readonly details?: StatusDetails;
  readonly retryAfterMs?: number | undefined;
  readonly code?: string;
  readonly cause?: unknown;
}

interface StatusDetails {
  readonly name?: string;
  readonly kind?: string;
}

/** The failure that a body with an API `Status` tells; of other bodies (of proxies, mostly) the beginning. */
export function failureOfAnswer(status: number, body: string, retryAfter?: string): CallFailure {
  const seconds = Number(retryAfter);
  const retryAfterMs = retryAfter !== undefined && seconds >= 0 ? seconds * 1000 : undefined;
  const parsed = parseObject(body);
  if (parsed?.['kind'] === 'Status') return failureOfStatus(parsed, { status, retryAfterMs });
  const words = body.trim().replaceAll(/\s+/g, ' ').slice(0, 200);
  return new CallFailure('answer', words === '' ? `status ${status}` : words, { status, retryAfterMs });
}

/** Of an API `Status`, as an answer or an ERROR event has it. */
export function failureOfStatus(
  object: Readonly<Record<string, unknown>>,
  known: { readonly status?: number; readonly retryAfterMs?: number | undefined } = {},
): CallFailure {
  const { code, reason, message, details } = object;
  const { retryAfterSeconds, name, kind } = asRecord(details);
  const status = known.status ?? (typeof code === 'number' ? code : 500);
  const told = typeof retryAfterSeconds === 'number' ? retryAfterSeconds * 1000 : undefined;
  return new CallFailure('answer', typeof message === 'string' && message !== '' ? message : `status ${status}`, {
    status,
    reason: typeof reason === 'string' ? reason : undefined,
    details: { ...(typeof name === 'string' && { name }), ...(typeof kind === 'string' && { kind }) },
    retryAfterMs: known.retryAfterMs ?? told,
  });
}

/** What Node says of a connection. */
export function failureOfConnection(error: unknown): CallFailure {
  if (error instanceof CallFailure) return error;
  const { code, message, errors } = error as {
    code?: unknown;
    message?: string;
    errors?: readonly { code?: unknown }[];
  };
  // Several addresses were tried, all in vain: the first one's code stands for all.
  const known = [code, errors?.[0]?.code].find((value) => typeof value === 'string');
  const kind = known !== undefined && isTrust(known) ? 'tls' : 'network';
  return new CallFailure(kind, message ?? String(error), { ...(known !== undefined && { code: known }), cause: error });
}

function isTrust(code: string): boolean {
  return /CERT|^UNABLE_TO_|ISSUER|^ERR_(TLS|SSL)_|^EPROTO$|^ERR_OSSL_/.test(code);
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    return asRecord(JSON.parse(text));
  } catch {
    return undefined;
  }
}

export function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
