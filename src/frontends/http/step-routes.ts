import * as z from 'zod';
import type { SessionId, StepId } from '../../domain/brand.ts';
import { type Api, stepView } from './api.ts';
import { byteStream } from './byte-stream.ts';
import { ndjson } from './ndjson.ts';
import { type Route, route } from './route.ts';
import {
  Cancel,
  Cancelled,
  EventQuery,
  Explanation,
  LogQuery,
  Priority,
  StepEvent,
  StepList,
  StepQuery,
  StepView,
} from './schemas.ts';
import { cancelAndWait } from './session-routes.ts';

const StepParams = z.object({ step: z.string() });

export function stepsRoutes(api: Api): Route[] {
  const { core } = api;
  return [
    route({
      method: 'GET',
      path: '/v1/steps',
      summary: 'Steps, oldest first',
      query: StepQuery,
      status: 200,
      answer: StepList,
      handle: ({ query }) => {
        const steps = core.steps({
          ...(query.session && { session: query.session as SessionId }),
          ...(query.state && { states: query.state.split(',') }),
          ...(query.limit && { limit: query.limit }),
        });
        return { steps: steps.map((record) => stepView(api, record)) };
      },
    }),
    route({
      method: 'POST',
      path: '/v1/steps/cancel',
      summary: 'End steps of any session',
      body: Cancel,
      status: 200,
      answer: Cancelled,
      handle: ({ body }) => cancelAndWait(api, body),
    }),
    route({
      method: 'GET',
      path: '/v1/steps/{step}',
      summary: 'One step',
      params: StepParams,
      status: 200,
      answer: StepView,
      handle: ({ params }) => stepView(api, core.step(params.step as StepId)),
    }),
    route({
      method: 'POST',
      path: '/v1/steps/{step}/priority',
      summary: 'Give a step that waits in its queue another priority class',
      params: StepParams,
      body: Priority,
      status: 200,
      answer: StepView,
      handle: async ({ params, body, signal }) =>
        stepView(api, await core.changePriority(params.step as StepId, body.priorityClass, signal)),
    }),
    route({
      method: 'GET',
      path: '/v1/steps/{step}/explain',
      summary: 'What was decided about a step, with reasons, and what the engine makes of it',
      params: StepParams,
      status: 200,
      answer: Explanation,
      handle: ({ params }) => core.explain(params.step as StepId),
    }),
    route({
      method: 'GET',
      path: '/v1/steps/{step}/logs',
      summary: 'The log of a step as bytes; with follow=true until the step has ended',
      params: StepParams,
      query: LogQuery,
      status: 200,
      stream: 'text/plain',
      handle: ({ params, query, reply, signal }) => {
        const { id } = core.step(params.step as StepId);
        const chunks = core.engine.logs(id, {
          stream: query.stream ?? 'stdout',
          follow: query.follow === 'true' || query.follow === '1',
          offset: query.offset ?? 0,
          signal,
        });
        return byteStream(reply, chunks);
      },
    }),
    route({
      method: 'GET',
      path: '/v1/events',
      summary: 'The events of all sessions, without end; resumes after a sequence number',
      query: EventQuery,
      status: 200,
      answer: StepEvent,
      stream: 'application/x-ndjson',
      handle: ({ query, reply, signal }) => ndjson(reply, core.feed.read(query.after ?? 0, { signal })),
    }),
  ];
}
