import type { IncomingMessage } from 'node:http';
import type { Clock } from '../../../ports/clock.ts';
import type { Logger } from '../../../ports/logger.ts';
import { CallFailure } from './call-failure.ts';
import type { Access, Credentials } from './credentials.ts';
import { type Doing, errorOf } from './error-of.ts';
import { type HttpRequest, openAnswer, readText } from './http.ts';
import type { Pauses } from './pause.ts';
import { withPatience } from './retry.ts';

/** What all calls share. */
export interface Api {
  readonly credentials: Credentials;
  /** For messages. */
  readonly server: string;
  readonly namespace: string;
  readonly userAgent: string;
  readonly fieldManager: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly pauses: Pauses;
}

export interface ApiRequest {
  readonly method?: HttpRequest['method'];
  readonly path: string;
  readonly body?: unknown;
  /** Of the body; JSON unless told otherwise. */
  readonly contentType?: string;
  readonly accept?: string;
  readonly doing: Doing;
  readonly signal?: AbortSignal | undefined;
  /** Told when a try has failed and another one comes. */
  readonly repeating?: (failure: CallFailure) => void;
}

export const defaultPatienceMs = 30_000;

/** A webhook may take 30 s, and the server itself cuts requests off at 60 s. */
const answerMs = 65_000;
/** However little patience is left, a try gets so long. */
const leastAnswerMs = 10_000;

/** One call with patience: the answer, parsed. Throws CallFailures; `told` makes errors for people of them. */
export function call(api: Api, request: ApiRequest, patienceMs = defaultPatienceMs): Promise<unknown> {
  const { signal, doing } = request;
  const repeating = (failure: CallFailure, waitMs: number) => {
    api.logger.debug({ ...doing, why: failure.kind, status: failure.status, waitMs }, 'a call is repeated');
    request.repeating?.(failure);
  };
  return withPatience({ patienceMs, signal, pauses: api.pauses, repeating }, (remainingMs) =>
    callOnce(api, request, Math.min(answerMs, Math.max(leastAnswerMs, remainingMs))),
  );
}

/** One try, or two if the credentials were out of date. */
export async function callOnce(api: Api, request: ApiRequest, withinMs = answerMs): Promise<unknown> {
  const answer = await open(api, request, { stream: false, answerMs: withinMs, silenceMs: 30_000 });
  const text = await readText(answer, request.signal);
  try {
    return JSON.parse(text);
  } catch (error) {
    const type = answer.headers['content-type'] ?? 'no content type';
    throw new CallFailure('garbage', `an answer that is not JSON (${type}, ${text.length} characters)`, {
      cause: error,
    });
  }
}

/** One try of a request whose answer has no foreseeable end. */
export function openStream(
  api: Api,
  request: ApiRequest,
  limits: Pick<HttpRequest, 'answerMs' | 'silenceMs'>,
): Promise<IncomingMessage> {
  return open(api, request, { stream: true, ...limits });
}

async function open(
  api: Api,
  request: ApiRequest,
  limits: Pick<HttpRequest, 'stream' | 'answerMs' | 'silenceMs'>,
): Promise<IncomingMessage> {
  const access = await api.credentials.current();
  try {
    return await openAnswer(access, httpRequest(api, request, limits));
  } catch (error) {
    if (!(error instanceof CallFailure) || error.status !== 401) throw error;
    return await openAnswer(await renewed(api, access), httpRequest(api, request, limits));
  }
}

async function renewed({ credentials }: Api, used: Access): Promise<Access> {
  await credentials.renew(used);
  return credentials.current();
}

function httpRequest(
  { userAgent }: Api,
  { method = 'GET', path, body, contentType = 'application/json', accept = 'application/json', signal }: ApiRequest,
  limits: Pick<HttpRequest, 'stream' | 'answerMs' | 'silenceMs'>,
): HttpRequest {
  const headers = {
    'User-Agent': userAgent,
    Accept: accept,
    ...(body !== undefined && { 'Content-Type': contentType }),
  };
  return { method, path, headers, ...(body !== undefined && { body }), signal, ...limits };
}

/** Does it; what fails of a call comes out as a KonvergeError that says what was done to what. */
export async function told<Result>(api: Api, doing: Doing, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw errorOf(error, doing, api.server);
  }
}
