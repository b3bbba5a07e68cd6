import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';

/** An empty line this often keeps the connection alive and tells a reader that the core is. */
const keepAliveMs = 15_000;

/** Sends pages of records as newline-delimited JSON, as they come, until the source ends or the client goes away. */
export function ndjson(reply: FastifyReply, pages: AsyncIterable<readonly unknown[]>): FastifyReply {
  reply.header('cache-control', 'no-store');
  return reply.type('application/x-ndjson').send(Readable.from(lines(pages), { objectMode: false }));
}

async function* lines(pages: AsyncIterable<readonly unknown[]>): AsyncGenerator<string> {
  const iterator = pages[Symbol.asyncIterator]();
  // A first byte at once: the reader knows that it is connected before anything has happened.
  yield '\n';
  try {
    let next = iterator.next();
    for (;;) {
      const result = await withKeepAlive(next);
      if (result === 'idle') {
        yield '\n';
        continue;
      }
      if (result.done) return;
      yield result.value.map((record) => `${JSON.stringify(record)}\n`).join('');
      next = iterator.next();
    }
  } finally {
    await iterator.return?.();
  }
}

async function withKeepAlive<T>(next: Promise<T>): Promise<T | 'idle'> {
  let timer: NodeJS.Timeout | undefined;
  const idle = new Promise<'idle'>((resolve) => {
    timer = setTimeout(() => resolve('idle'), keepAliveMs);
  });
  try {
    return await Promise.race([next, idle]);
  } finally {
    clearTimeout(timer);
  }
}
