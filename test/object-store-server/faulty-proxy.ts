import { once } from 'node:events';
import {
  Agent,
  createServer,
  type IncomingMessage,
  type RequestOptions,
  request,
  type ServerResponse,
} from 'node:http';
import { PassThrough, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as pause } from 'node:timers/promises';
import type { Fault, FaultRule } from './fault.ts';
import { type Operation, type SeenRequest, seenRequest } from './operation.ts';

/** Stands between a client and an S3 server, hands requests on and breaks some of them. */
export interface FaultyProxy {
  readonly endpoint: string;
  /** What came in, whether it was broken or not, in order. */
  readonly seen: readonly SeenRequest[];
  /** The first rule that fits a request and is not used up is taken. */
  add(...rules: readonly FaultRule[]): void;
  /** Forgets all rules, and what was seen. */
  clear(): void;
  count(operation: Operation, key?: RegExp): number;
  /** Resolves when so many requests of this kind have come. */
  until(operation: Operation, count?: number): Promise<void>;
  close(): Promise<void>;
}

interface LiveRule extends FaultRule {
  passed: number;
  met: number;
}

export async function startFaultyProxy(target: string): Promise<FaultyProxy> {
  const { hostname, port } = new URL(target);
  const agent = new Agent({ keepAlive: true });
  const seen: SeenRequest[] = [];
  const rules: LiveRule[] = [];
  const waiting = new Set<() => void>();
  // SigV4 signs the header Host, so all headers go on as they came; the server does not mind a name that is not its own.
  const server = createServer((incoming, answer) => {
    const seenOne = seenRequest(incoming);
    seen.push(seenOne);
    for (const wake of waiting) wake();
    const fault = take(rules, seenOne);
    const upstream = {
      hostname,
      port,
      agent,
      method: incoming.method,
      path: incoming.url,
      headers: withoutExpect(incoming.rawHeaders),
    };
    handle(incoming, answer, upstream, fault).catch(() => answer.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const count: FaultyProxy['count'] = (operation, key) =>
    seen.filter((one) => one.operation === operation && (key === undefined || key.test(one.key))).length;
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    seen,
    count,
    add: (...more) => void rules.push(...more.map((rule) => ({ ...rule, passed: 0, met: 0 }))),
    clear() {
      rules.length = 0;
      seen.length = 0;
    },
    until(operation, wanted = 1) {
      return new Promise((resolve) => {
        const check = () => {
          if (count(operation) < wanted) return;
          waiting.delete(check);
          resolve();
        };
        waiting.add(check);
        check();
      });
    },
    async close() {
      server.close();
      server.closeAllConnections();
      agent.destroy();
      await once(server, 'close');
    },
  };
}

function take(rules: readonly LiveRule[], { operation, key }: SeenRequest): Fault | undefined {
  for (const rule of rules) {
    if (rule.operation !== undefined && rule.operation !== operation) continue;
    if (rule.key !== undefined && !new RegExp(rule.key).test(key)) continue;
    const times = rule.times === null ? Number.POSITIVE_INFINITY : (rule.times ?? 1);
    if (rule.met >= times) continue;
    if (rule.passed < (rule.skip ?? 0)) {
      rule.passed += 1;
      continue;
    }
    rule.met += 1;
    return rule.fault;
  }
  return undefined;
}

async function handle(
  incoming: IncomingMessage,
  answer: ServerResponse,
  upstream: RequestOptions,
  fault: Fault | undefined,
): Promise<void> {
  if (fault?.kind === 'hold') return void incoming.resume();
  if (fault?.kind === 'answer') return answerInstead(incoming, answer, fault);
  if (fault?.kind === 'delay') await pause(fault.ms);
  const outgoing = request(upstream);
  // A client that goes away takes its request with it, as without us.
  answer.once('close', () => outgoing.destroy());
  const answered = once(outgoing, 'response') as Promise<[IncomingMessage]>;
  answered.catch(() => undefined);
  sendBody(incoming, outgoing, fault);
  const [response] = await answered;
  await giveBack(response, incoming, answer, fault);
}

async function answerInstead(
  incoming: IncomingMessage,
  answer: ServerResponse,
  { status, code, headers }: Extract<Fault, { kind: 'answer' }>,
): Promise<void> {
  // Read to its end, so that the connection can be used again.
  incoming.resume();
  await once(incoming, 'end');
  const body =
    code === undefined || incoming.method === 'HEAD'
      ? ''
      : `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${code} by the proxy</Message></Error>`;
  answer.writeHead(status, {
    'content-type': 'application/xml',
    'content-length': Buffer.byteLength(body),
    ...headers,
  });
  answer.end(body);
}

function sendBody(incoming: IncomingMessage, outgoing: ReturnType<typeof request>, fault: Fault | undefined): void {
  if (fault?.kind === 'reset-request') {
    const reset = cutAfter(fault.afterBytes, () => {
      outgoing.destroy();
      incoming.socket.resetAndDestroy();
    });
    reset.on('error', () => undefined);
    incoming.pipe(reset).pipe(outgoing);
    return;
  }
  incoming.pipe(fault?.kind === 'corrupt' ? corrupting() : new PassThrough()).pipe(outgoing);
  // A server may answer before it has read all, and then reads no more. The client gets the answer only if somebody does.
  outgoing.once('close', () => {
    incoming.unpipe();
    incoming.resume();
  });
}

async function giveBack(
  response: IncomingMessage,
  incoming: IncomingMessage,
  answer: ServerResponse,
  fault: Fault | undefined,
): Promise<void> {
  const { socket } = incoming;
  if (fault?.kind === 'lose-answer') {
    response.resume();
    await once(response, 'end');
    socket.resetAndDestroy();
    return;
  }
  const headers = fault?.kind === 'clock' ? withOtherTime(response.rawHeaders, fault.hours) : response.rawHeaders;
  answer.writeHead(response.statusCode ?? 500, headers);
  answer.flushHeaders();
  if (fault?.kind === 'reset-answer' || fault?.kind === 'truncate') {
    const cut = cutAfter(fault.afterBytes, () => (fault.kind === 'truncate' ? socket.end() : socket.resetAndDestroy()));
    // Not by pipeline, which would itself reset the connection.
    response.pipe(cut).pipe(answer);
    cut.once('error', () => response.destroy());
    return;
  }
  await pipeline(response, answer);
}

/** Passes so many bytes, then does the harm and ends with an error. */
function cutAfter(bytes: number, harm: () => void): Transform {
  let passed = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      if (passed + chunk.length < bytes) {
        passed += chunk.length;
        done(null, chunk);
        return;
      }
      this.push(chunk.subarray(0, bytes - passed));
      // When these bytes have been handed on.
      setImmediate(() => {
        harm();
        done(new Error('cut'));
      });
    },
  });
}

function corrupting(): Transform {
  let isFirst = true;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      if (isFirst) chunk[0] = (chunk[0] ?? 0) ^ 1;
      isFirst = false;
      done(null, chunk);
    },
  });
}

/** Our own server has said `100 Continue` already. The header is not signed. */
function withoutExpect(headers: readonly string[]): string[] {
  return headers.filter((_, index) => headers[index - (index % 2)]?.toLowerCase() !== 'expect');
}

function withOtherTime(headers: readonly string[], hours: number): string[] {
  return headers.map((value, index) => {
    const isDate = index % 2 === 1 && headers[index - 1]?.toLowerCase() === 'date';
    return isDate ? new Date(Date.parse(value) + hours * 3_600_000).toUTCString() : value;
  });
}
