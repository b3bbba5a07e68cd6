import * as z from 'zod';
import type { Route } from './route.ts';
import { ErrorAnswer } from './schemas.ts';

/** The API as an OpenAPI 3.1 document, made of the same data that the server registers. */
export function openApiDocument(routes: readonly Route[], version: string): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    paths[route.path] ??= {};
    const methods = paths[route.path];
    if (methods) methods[route.method.toLowerCase()] = operation(route);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'konverge core',
      version,
      description:
        'Steps in, workloads out. Errors have a code, a message and a hint; docs/reference/errors.md lists the codes.',
    },
    paths,
  };
}

function operation(route: Route): Record<string, unknown> {
  const body = route.bodyDocument ?? route.body;
  return {
    operationId: operationId(route),
    summary: route.summary,
    parameters: [...parameters(route.params, 'path'), ...parameters(route.query, 'query')],
    ...(body && { requestBody: { required: true, content: { 'application/json': { schema: schemaOf(body) } } } }),
    responses: {
      [String(route.status)]: {
        description: route.stream ? 'A stream' : 'Done',
        ...content(route),
      },
      default: { description: 'An error', content: { 'application/json': { schema: schemaOf(ErrorAnswer) } } },
    },
  };
}

function content(route: Route): Record<string, unknown> {
  const schema = route.answer ? schemaOf(route.answer) : { type: 'string' };
  if (route.stream) return { content: { [route.stream]: { schema } } };
  return route.answer ? { content: { 'application/json': { schema } } } : {};
}

function parameters(schema: z.ZodType | undefined, place: 'path' | 'query'): Record<string, unknown>[] {
  if (!schema) return [];
  const { properties = {} } = schemaOf(schema) as { properties?: Record<string, unknown> };
  return Object.entries(properties).map(([name, inner]) => ({
    name,
    in: place,
    required: place === 'path',
    schema: inner,
  }));
}

function schemaOf(schema: z.ZodType): Record<string, unknown> {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  return rest;
}

/** `POST /v1/sessions/{session}/steps` → `post_sessions_session_steps`. */
function operationId(route: Route): string {
  return [route.method.toLowerCase(), ...route.path.split('/').slice(2)]
    .map((part) => part.replaceAll(/\W/g, ''))
    .join('_');
}
