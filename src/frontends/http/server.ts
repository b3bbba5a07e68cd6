import { timingSafeEqual } from 'node:crypto';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { asKonvergeError, KonvergeError } from '../../domain/error.ts';
import { errorTable } from '../../domain/error-table.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Api } from './api.ts';
import { parsePart, type Route } from './route.ts';
import { routes } from './routes.ts';

/** A batch of 1,000 steps with commands of 200 KB is allowed; more is taken for a mistake. */
const bodyLimitBytes = 256 * 1024 * 1024;

/**
 * The API as a server that does not listen yet. On the unix socket the file's rights are the lock; over TCP every request
 * must carry the token.
 */
export function createServer(api: Api, logger: Logger, options: { readonly token?: string } = {}): FastifyInstance {
  const server = fastify({ bodyLimit: bodyLimitBytes });
  // An empty body is an empty object, whatever the content type: `curl -X POST` is a fair request.
  server.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => {
    try {
      done(null, body === '' ? {} : JSON.parse(String(body)));
    } catch (cause) {
      done(new KonvergeError('request-invalid', `the body is not JSON: ${(cause as Error).message}`));
    }
  });
  server.addHook('onRequest', async (request) => {
    if (options.token !== undefined && !carriesToken(request, options.token)) {
      throw new KonvergeError('unauthorized', 'this core wants a token');
    }
  });
  server.setErrorHandler((error, _request, reply) => sendError(reply, error, logger));
  server.setNotFoundHandler((request, reply) =>
    sendError(reply, new KonvergeError('not-found', `there is no route ${request.method} ${request.url}`), logger),
  );
  for (const route of routes(api)) register(server, route);
  return server;
}

function register(server: FastifyInstance, route: Route): void {
  server.route({
    method: route.method,
    url: route.path.replaceAll(/\{(\w+)\}/g, ':$1'),
    handler: async (request, reply) => {
      const gone = new AbortController();
      reply.raw.once('close', () => gone.abort());
      const answer = await route.handle({
        params: parsePart(route.params, request.params, 'path'),
        query: parsePart(route.query, request.query, 'query'),
        body: parsePart(route.body, request.body, 'body'),
        request,
        reply,
        signal: gone.signal,
      });
      if (route.stream) return reply;
      return route.status === 204 ? reply.code(204).send() : reply.code(route.status).send(answer);
    },
  });
}

function carriesToken(request: FastifyRequest, token: string): boolean {
  const given = Buffer.from(request.headers.authorization ?? '');
  const wanted = Buffer.from(`Bearer ${token}`);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

function sendError(reply: FastifyReply, thrown: unknown, logger: Logger): FastifyReply {
  const statusCode = (thrown as { statusCode?: number }).statusCode;
  // Fastify's own refusals (a body that is too large, a bad content type) are the caller's mistakes.
  const error =
    !(thrown instanceof KonvergeError) && statusCode !== undefined && statusCode < 500
      ? new KonvergeError('request-invalid', (thrown as Error).message)
      : asKonvergeError(thrown);
  if (error.code === 'internal') logger.error({ error: error.message, stack: error.stack }, 'a request failed');
  return reply.code(errorTable[error.code].httpStatus).send({ error: error.toBody() });
}
