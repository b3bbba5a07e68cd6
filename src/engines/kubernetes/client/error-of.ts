import { KonvergeError } from '../../../domain/error.ts';
import { CallFailure } from './call-failure.ts';

/** What a call does, in the words of RBAC, so that a person can ask for the right that is missing. */
export interface Doing {
  /** create, get, list, watch, patch, delete. */
  readonly verb: string;
  /** Plural and group, with a subresource: `jobs.batch`, `pods/log`. */
  readonly resource: string;
  readonly name?: string;
  /** Absent: cluster-wide. */
  readonly namespace?: string;
}

/** What a person reads of a call that failed in the end. What is no failure of a call (an aborted signal) is handed back. */
export function errorOf(thrown: unknown, doing: Doing, server: string): unknown {
  if (!(thrown instanceof CallFailure)) return thrown;
  const { code, message, hint } = sentenceOf(thrown, doing, server);
  return new KonvergeError(code, message, { cause: thrown, ...(hint !== undefined && { hint }) });
}

interface Sentence {
  readonly code: KonvergeError['code'];
  readonly message: string;
  readonly hint?: string;
}

function sentenceOf(failure: CallFailure, doing: Doing, server: string): Sentence {
  const words = withoutContent(failure.message);
  switch (failure.kind) {
    case 'network':
    case 'silence':
      return {
        code: 'cluster-unreachable',
        message: `the API server ${server} does not answer (${inWords(doing)}): ${plainNetwork(failure)}`,
      };
    case 'tls':
      return {
        code: 'cluster-unreachable',
        message: `no safe connection to the API server ${server} (${inWords(doing)}): ${plainTrust(failure)}`,
        hint: 'Compare certificate-authority(-data), tls-server-name and server of the kubeconfig with the cluster.',
      };
    case 'credentials':
      return { code: 'cluster-denied', message: `no credentials for the API server ${server}: ${words}` };
    case 'garbage':
      return {
        code: 'cluster-unavailable',
        message: `${server} does not answer as an API server (${inWords(doing)}): ${words}`,
      };
    case 'answer':
      return sentenceOfAnswer(failure, doing, server, words);
  }
}

function sentenceOfAnswer(failure: CallFailure, doing: Doing, server: string, words: string): Sentence {
  const { status = 0, reason } = failure;
  if (status === 401) {
    return {
      code: 'cluster-denied',
      message: `the API server ${server} does not know who asks (${inWords(doing)}): ${words}`,
    };
  }
  if (status === 403 && isMissingRight(words)) {
    return { code: 'cluster-forbidden', message: `may not ${inWords(doing)}: ${words}` };
  }
  if (status === 404 && isMissingResource(failure)) {
    return {
      code: 'crd-missing',
      message: `the API server ${server} does not serve ${doing.resource} (${inWords(doing)}): ${words}`,
    };
  }
  if (status === 429 || status >= 500 || status === 408) {
    return {
      code: 'cluster-unavailable',
      message: `the API server ${server} could not ${inWords(doing)} (status ${status}): ${words}`,
    };
  }
  const why = reason === undefined ? `status ${status}` : `status ${status} ${reason}`;
  return { code: 'cluster-refused', message: `the API server refuses to ${inWords(doing)} (${why}): ${words}` };
}

/** A 403 may also come from admission: Pod Security, quotas, webhooks, a namespace that ends. Rights do not help there. */
function isMissingRight(words: string): boolean {
  return (
    / cannot \S+ (resource|path) /.test(words) || words.includes('cannot impersonate') || /^forbidden/i.test(words)
  );
}

/** The API names an object that it does not find; where a whole resource is missing it names none. */
export function isMissingResource({ status, details }: CallFailure): boolean {
  return status === 404 && details.name === undefined;
}

function inWords({ verb, resource, name, namespace }: Doing): string {
  const what = name === undefined ? resource : `${resource} ${name}`;
  return namespace === undefined ? `${verb} ${what}` : `${verb} ${what} in namespace ${namespace}`;
}

/**
 * The server's words without what they may quote: a decoder shows a piece of the object that was sent, which may be a Secret,
 * and a program that should give credentials may say them. Nothing that is worth reading is that long without a space.
 */
export function withoutContent(words: string): string {
  return words
    .replaceAll(/,? ?error found in #\d+ byte of .*$/gs, '')
    .replaceAll(/[A-Za-z0-9+/_=-]{64,}/g, '…')
    .replaceAll(/eyJ[A-Za-z0-9_.=-]{10,}/g, '…')
    .replaceAll(/(bearer|basic) +\S+/gi, '$1 …')
    .slice(0, 2000);
}

function plainNetwork({ code, message }: CallFailure): string {
  switch (code) {
    case 'ECONNREFUSED':
      return 'connection refused; nothing listens there';
    case 'ENOTFOUND':
      return 'its host name is not known to DNS';
    case 'EAI_AGAIN':
      return 'DNS does not answer';
    case 'ECONNRESET':
    case 'EPIPE':
      return 'the connection was cut';
    case 'ETIMEDOUT':
      return 'no connection came about in time';
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return 'there is no route to it';
    case undefined:
    default:
      return withoutContent(message);
  }
}

function plainTrust({ code = '', message }: CallFailure): string {
  switch (code) {
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'CERT_SIGNATURE_FAILURE':
      return `its certificate is not signed by the authority that the kubeconfig names (${code})`;
    case 'CERT_HAS_EXPIRED':
      return 'its certificate has expired';
    case 'CERT_NOT_YET_VALID':
      return 'its certificate is not valid yet; is the clock right?';
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `its certificate is for another name: ${message}`;
    case 'EPROTO':
      return 'it does not speak TLS, or no version that both know';
    default:
      return `${withoutContent(message)} (${code})`;
  }
}
