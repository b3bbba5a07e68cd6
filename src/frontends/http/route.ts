import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { KonvergeError } from '../../domain/error.ts';

/**
 * One route of the API as data: the server registers it, the OpenAPI document describes it, and a test holds the two
 * together. `answer` is absent where the body is a stream, which the handler sends itself.
 */
export interface Route<Params = unknown, Query = unknown, Body = unknown> {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** With parameters in braces, as OpenAPI writes them. */
  readonly path: string;
  readonly summary: string;
  readonly params?: z.ZodType<Params>;
  readonly query?: z.ZodType<Query>;
  readonly body?: z.ZodType<Body>;
  /** What the document shows for the body, where the parser is laxer than the promise. */
  readonly bodyDocument?: z.ZodType;
  readonly status: 200 | 201 | 202 | 204;
  readonly answer?: z.ZodType;
  readonly stream?: 'application/x-ndjson' | 'text/plain';
  handle(call: RouteCall<Params, Query, Body>): unknown;
}

export interface RouteCall<Params, Query, Body> {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  /** Fires when the client goes away. */
  readonly signal: AbortSignal;
}

/** Gives a route's handler the types of its own schemas. */
export function route<Params, Query, Body>(definition: Route<Params, Query, Body>): Route {
  return definition;
}

/** Parses one part of a request at the border; throws `request-invalid` naming every field that is wrong. */
export function parsePart(schema: z.ZodType | undefined, value: unknown, part: string): unknown {
  if (!schema) return undefined;
  const parsed = schema.safeParse(value ?? {});
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map((issue) => `${[part, ...issue.path].map(String).join('.')}: ${issue.message}`);
  throw new KonvergeError('request-invalid', faults.join('; '));
}
