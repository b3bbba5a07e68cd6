import { type IncomingMessage, request } from 'node:http';
import * as z from 'zod';
import { KonvergeError } from '../../domain/error.ts';
import { type ErrorCode, errorTable } from '../../domain/error-table.ts';

const ErrorBody = z.object({ error: z.object({ code: z.string(), message: z.string(), hint: z.string() }) });

/** Above the longest wait that a request can ask for (a cancellation's `waitMs`). */
const callTimeoutMs = 90_000;

/** A client of the core's API over its unix socket. Errors of the core are thrown as KonvergeErrors. */
export class CoreClient {
  readonly socket: string;

  constructor(socket: string) {
    this.socket = socket;
  }

  /** One call with a JSON answer, parsed by its schema. */
  async call<T>(
    method: string,
    path: string,
    schema: z.ZodType<T>,
    body?: unknown,
    timeoutMs: number = callTimeoutMs,
  ): Promise<T> {
    const response = await this.#open(method, path, body, AbortSignal.timeout(timeoutMs));
    const text = await readAll(response).catch((cause: Error) => {
      throw new KonvergeError('core-unreachable', `the answer to ${method} ${path} broke off: ${cause.message}`, {
        cause,
      });
    });
    const parsed = schema.safeParse(text === '' ? undefined : JSON.parse(text));
    if (!parsed.success) {
      throw new KonvergeError(
        'core-unreachable',
        `the core answered ${method} ${path} in an unknown shape: ${parsed.error.message}`,
      );
    }
    return parsed.data;
  }

  /** A stream of bytes, such as a log. */
  async *bytes(path: string, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    const response = await this.#open('GET', path, undefined, signal);
    for await (const chunk of response) yield chunk as Uint8Array;
  }

  /** A stream of newline-delimited JSON; empty lines, which keep the connection alive, are left out. */
  async *records<T>(path: string, schema: z.ZodType<T>, signal?: AbortSignal): AsyncGenerator<T> {
    let rest = '';
    const decoder = new TextDecoder();
    for await (const chunk of this.bytes(path, signal)) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line !== '') yield schema.parse(JSON.parse(line));
    }
  }

  async #open(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<IncomingMessage> {
    const response = await this.#send(method, path, body, signal);
    if ((response.statusCode ?? 500) < 400) return response;
    throw errorFrom(await readAll(response), response.statusCode);
  }

  #send(method: string, path: string, body: unknown, signal?: AbortSignal): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const payload = body === undefined ? undefined : JSON.stringify(body);
      const call = request({
        socketPath: this.socket,
        method,
        path,
        headers:
          payload === undefined
            ? {}
            : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) },
        ...(signal && { signal }),
      });
      call.once('response', resolve);
      call.on('error', (cause) =>
        reject(
          new KonvergeError('core-unreachable', `no answer from the core at ${this.socket}: ${cause.message}`, {
            cause,
          }),
        ),
      );
      call.end(payload);
    });
  }
}

async function readAll(response: IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of response) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks).toString('utf8');
}

function errorFrom(text: string, status: number | undefined): KonvergeError {
  try {
    const { error } = ErrorBody.parse(JSON.parse(text));
    const code: ErrorCode = error.code in errorTable ? (error.code as ErrorCode) : 'internal';
    return new KonvergeError(code, error.message, { hint: error.hint });
  } catch (cause) {
    return new KonvergeError('core-unreachable', `the core answered ${status}: ${text.slice(0, 200)}`, { cause });
  }
}
