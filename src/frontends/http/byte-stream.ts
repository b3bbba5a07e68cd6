import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';

/** Sends chunks as they come. */
export function byteStream(reply: FastifyReply, chunks: AsyncIterable<Uint8Array>): FastifyReply {
  reply.header('cache-control', 'no-store');
  return reply.type('text/plain; charset=utf-8').send(Readable.from(chunks, { objectMode: false }));
}
