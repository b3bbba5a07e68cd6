import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { CallFailure, failureOfAnswer, failureOfConnection } from './call-failure.ts';
import type { Access } from './credentials.ts';

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Below the server's own path, with its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** A connection of its own, for answers without an end. */
  readonly stream: boolean;
  /** For the answer to begin. */
  readonly answerMs: number;
  /** Silence after which an answer that has begun counts as broken off. */
  readonly silenceMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** To be connected, TLS included. */
const connectMs = 10_000;

/**
 * One try, until the answer has begun. Throws a CallFailure (of anything but a 2xx, too), or the reason of the signal. Node's own
 * http, not fetch: an agent takes the kubeconfig's TLS options and its proxies as they are.
 */
export async function openAnswer(access: Access, request: HttpRequest): Promise<IncomingMessage> {
  request.signal?.throwIfAborted();
  const answer = await firstOf(access, request);
  const { statusCode = 0, headers } = answer;
  if (statusCode >= 200 && statusCode < 300) return answer;
  const body = await readText(answer, request.signal);
  if (statusCode >= 300 && statusCode < 400) {
    throw new CallFailure(
      'garbage',
      `it sends us elsewhere (status ${statusCode}), as a login page in front of it would do`,
    );
  }
  throw failureOfAnswer(statusCode, body, headers['retry-after']);
}

function firstOf(access: Access, request: HttpRequest): Promise<IncomingMessage> {
  const { server, tls } = access;
  const { method, path, headers, body, stream, answerMs, silenceMs, signal } = request;
  const content = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
  const options = {
    method,
    headers: {
      ...copied(access.headers),
      ...headers,
      ...(content !== undefined && { 'Content-Length': content.length }),
    },
    agent: stream ? access.streams : access.calls,
    ...(signal !== undefined && { signal }),
    ...(server.protocol === 'https:' && tls),
  };
  const url = new URL(server.pathname.replace(/\/$/, '') + path, server);
  return new Promise((resolve, reject) => {
    const open = server.protocol === 'https:' ? requestHttps(url, options) : requestHttp(url, options);
    const late = (what: string, kind: 'network' | 'silence') => () => open.destroy(new CallFailure(kind, what));
    const answerTimer = setTimeout(late(`no answer within ${answerMs / 1000} s`, 'silence'), answerMs);
    const connectTimer = setTimeout(late(`no connection within ${connectMs / 1000} s`, 'network'), connectMs);
    open.on('socket', (socket) => {
      // A peer that is gone without a word is found out by the kernel.
      socket.setKeepAlive(true, 30_000);
      const { connecting, secureConnecting = false } = socket as typeof socket & {
        readonly secureConnecting?: boolean;
      };
      const connected = () => clearTimeout(connectTimer);
      // One that was kept from an earlier call, or was made by a proxy's agent, is connected already.
      if (!connecting && !secureConnecting) connected();
      else socket.once(server.protocol === 'https:' ? 'secureConnect' : 'connect', connected);
    });
    open.on('response', (answer) => {
      clearTimeout(answerTimer);
      clearTimeout(connectTimer);
      answer.setTimeout(silenceMs, () =>
        answer.destroy(new CallFailure('silence', `silence for ${silenceMs / 1000} s in the middle of an answer`)),
      );
      // Who reads it hears of errors by reading; one that comes when nobody reads any more is no news.
      answer.on('error', () => undefined);
      resolve(answer);
    });
    open.on('error', (error) => {
      clearTimeout(answerTimer);
      clearTimeout(connectTimer);
      reject(signal?.aborted === true ? abortReason(signal) : failureOfConnection(error));
    });
    open.end(content);
  });
}

/** The bytes of an answer. Throws as `openAnswer` does. */
export async function* readChunks(answer: IncomingMessage, signal?: AbortSignal): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of answer) yield chunk as Buffer;
  } catch (error) {
    signal?.throwIfAborted();
    throw failureOfConnection(error);
  } finally {
    answer.destroy();
  }
}

export async function readText(answer: IncomingMessage, signal?: AbortSignal): Promise<string> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of answer) chunks.push(chunk as Buffer);
  } catch (error) {
    signal?.throwIfAborted();
    throw failureOfConnection(error);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function abortReason(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason));
}

function copied(headers: Access['headers']): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, typeof value === 'string' ? value : [...value]]),
  );
}
