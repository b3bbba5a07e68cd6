import * as z from 'zod';
import type { Api } from './api.ts';
import { openApiDocument } from './openapi.ts';
import { previewRoutes } from './preview-routes.ts';
import { type Route, route } from './route.ts';
import { Health, Queue } from './schemas.ts';
import { sessionRoutes } from './session-routes.ts';
import { stepsRoutes } from './step-routes.ts';

/** Every route of the API, version 1. */
export function routes(api: Api): readonly Route[] {
  const all: Route[] = [
    route({
      method: 'GET',
      path: '/v1/health',
      summary: 'Which core this is',
      status: 200,
      answer: Health,
      handle: () => api.health(),
    }),
    route({
      method: 'GET',
      path: '/v1/queues',
      summary: 'The queues of the engine and their quotas',
      status: 200,
      answer: z.object({ queues: z.array(Queue) }),
      handle: () => ({ queues: api.core.engine.queues() }),
    }),
    ...sessionRoutes(api),
    ...stepsRoutes(api),
    ...previewRoutes(api),
    route({
      method: 'GET',
      path: '/v1/openapi.json',
      summary: 'This API as an OpenAPI 3.1 document',
      status: 200,
      answer: z.record(z.string(), z.unknown()),
      handle: () => openApiDocument(all, api.version),
    }),
  ];
  return all;
}
