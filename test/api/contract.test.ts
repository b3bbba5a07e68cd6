// The API and its OpenAPI document say the same: a real core on the real local engine is asked for everything that the
// document promises.
import type { InjectOptions } from 'fastify';
import { describe, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import type { StepId } from '../../src/domain/brand.ts';
import { type NamedOperation, type OpenApi, operationsOf, registeredRoutes } from './document.ts';
import { type LiveCore, opening, openSession, startCore, stepRequest, submitStep } from './live-core.ts';
import { undocumentedFields } from './undocumented.ts';

async function documentOf({ server }: LiveCore): Promise<OpenApi> {
  return (await server.inject('/v1/openapi.json')).json<OpenApi>();
}

/** What a request needs besides its route; the values of path parameters are filled in. */
interface Example {
  /** Makes what the request is about and returns the parameters of the path. */
  readonly prepare?: (live: LiveCore) => Promise<Readonly<Record<string, string>>>;
  readonly query?: string;
  readonly body?: (live: LiveCore) => unknown;
}

const aSession = async (live: LiveCore): Promise<{ session: string }> => ({ session: await openSession(live) });

async function aStep(live: LiveCore): Promise<{ session: string; step: string }> {
  const session = await openSession(live);
  return { session, step: await submitStep(live, session, 'one', 'echo out; echo err >&2') };
}

/** The local engine has no priority classes, and a machine no queue that is always full. */
async function aStepWithPriority(live: LiveCore): Promise<{ step: string }> {
  const { core } = live.api;
  core.engine.changePriority = () => Promise.resolve();
  const session = await openSession(live);
  core.engine.hold(true);
  return { step: await submitStep(live, session, 'one', 'true') };
}

/** One real request for each operation. A new route without an example here fails the test. */
const examples: Readonly<Record<string, Example>> = {
  'GET /v1/health': { prepare: aSession },
  'GET /v1/queues': {},
  'POST /v1/sessions': { body: ({ workdir }) => opening(workdir) },
  'GET /v1/sessions': { prepare: aSession },
  'POST /v1/sessions/{session}/heartbeat': { prepare: aSession, body: () => ({ toldThrough: 0 }) },
  'POST /v1/sessions/{session}/steps': {
    prepare: aSession,
    body: ({ workdir }) => ({ steps: [stepRequest(workdir, 'one', 'true'), { ref: 'two', nonsense: true }] }),
  },
  'GET /v1/sessions/{session}/events': { prepare: aStep, query: 'after=0' },
  'POST /v1/sessions/{session}/cancel': { prepare: aStep, body: () => ({ waitMs: 5000 }) },
  'DELETE /v1/sessions/{session}': { prepare: aSession },
  'GET /v1/steps': { prepare: aStep, query: 'state=accepted,queued,running,succeeded&limit=10' },
  'POST /v1/steps/cancel': { prepare: aStep, body: () => ({ steps: ['none'], waitMs: 0 }) },
  'GET /v1/steps/{step}': { prepare: aStep },
  'GET /v1/steps/{step}/explain': { prepare: aStep },
  'GET /v1/steps/{step}/logs': { prepare: aStep, query: 'stream=stdout&follow=true' },
  'POST /v1/steps/{step}/priority': { prepare: aStepWithPriority, body: () => ({ priorityClass: 'high' }) },
  'POST /v1/explain': {
    body: ({ workdir }) => ({
      settings: { queue: 'narrow' },
      steps: [stepRequest(workdir, 'one', 'true'), { ref: 'two', nonsense: true }],
    }),
  },
  'GET /v1/events': { prepare: aStep, query: 'after=0' },
  'GET /v1/openapi.json': {},
};

describe('routes', () => {
  test('each registered one is in the document, and each one of the document is registered', async () => {
    const live = await startCore();
    const documented = operationsOf(await documentOf(live)).map(({ method, path }) => `${method} ${path}`);
    expect(registeredRoutes(live.server.printRoutes({ commonPrefix: false }))).toEqual(documented.toSorted());
  });

  test('the parameters of a path are those that are described, and names are unique', async () => {
    const operations = operationsOf(await documentOf(await startCore()));
    for (const { path, parameters, method } of operations) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const described = parameters.filter((one) => one.in === 'path');
      expect(
        described.map(({ name }) => name),
        `${method} ${path}`,
      ).toEqual(inPath);
      expect(described.every(({ required }) => required)).toBe(true);
    }
    const ids = operations.map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe('each operation answers as documented', () => {
  const names = Object.keys(examples);

  test('there is an example for each', async () => {
    const documented = operationsOf(await documentOf(await startCore())).map(({ method, path }) => `${method} ${path}`);
    expect(names.toSorted()).toEqual(documented.toSorted());
  });

  for (const name of names) test(name, () => checkOperation(name), 30_000);
});

async function checkOperation(name: string): Promise<void> {
  const live = await startCore();
  const operation = operationsOf(await documentOf(live)).find(({ method, path }) => `${method} ${path}` === name);
  const example = examples[name];
  if (!operation || !example) throw new Error(`${name} is not documented`);
  const params = (await example.prepare?.(live)) ?? {};
  const path = operation.path.replaceAll(/\{(\w+)\}/g, (_all, parameter: string) => params[parameter] ?? '');
  const answer = await send(live, operation, `${path}?${example.query ?? ''}`, example.body?.(live));
  expect(answer.status).toBe(operation.status);
  if (operation.contentType === undefined) {
    expect(await answer.text()).toBe('');
    return;
  }
  expect(answer.headers.get('content-type')).toContain(operation.contentType);
  if (operation.contentType === 'text/plain') expect(await answer.text()).toBe('out\n');
  else if (operation.contentType === 'application/x-ndjson') await checkStream(answer, operation);
  else expectShape(await answer.json(), operation);
}

/** A real request over a real connection: streams have no end to wait for. */
async function send(live: LiveCore, { method }: NamedOperation, url: string, body: unknown): Promise<Response> {
  const base = await live.server.listen({ host: '127.0.0.1', port: 0 });
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  return fetch(`${base}${url}`, {
    method,
    signal: stop.signal,
    ...(body !== undefined && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
}

/** Reads on until the step's end, as a front end does. */
async function checkStream(answer: Response, operation: NamedOperation): Promise<void> {
  let text = '';
  for await (const chunk of answer.body ?? []) {
    text += new TextDecoder().decode(chunk);
    const events = text
      .split('\n')
      .slice(0, -1)
      .filter((line) => line !== '');
    for (const event of events) expectShape(JSON.parse(event), operation);
    if (events.some((event) => (JSON.parse(event) as { state: string }).state === 'succeeded')) return;
  }
  throw new Error(`the stream ended: ${text}`);
}

function expectShape(value: unknown, { schema }: NamedOperation): void {
  const parsed = z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0]).safeParse(value);
  expect(parsed.error?.issues ?? []).toEqual([]);
  expect(undocumentedFields(value, schema as object)).toEqual([]);
}

describe('errors', () => {
  const shape = z.strictObject({
    error: z.strictObject({ code: z.string(), message: z.string().min(1), hint: z.string().min(1) }),
  });

  async function errorOf(
    { server }: LiveCore,
    request: InjectOptions,
  ): Promise<{ status: number; code: string; message: string }> {
    const answer = await server.inject(request);
    const { error } = shape.parse(answer.json());
    return { status: answer.statusCode, ...error };
  }

  test('every operation documents their shape', async () => {
    for (const operation of operationsOf(await documentOf(await startCore()))) {
      const schema = operation.responses['default']?.content?.['application/json']?.schema;
      expect(schema, operation.path).toMatchObject({
        properties: { error: { required: ['code', 'message', 'hint'] } },
      });
    }
  });

  test('an unknown route is 404 not-found', async () => {
    const live = await startCore();
    expect(await errorOf(live, { url: '/v1/nothing' })).toMatchObject({ status: 404, code: 'not-found' });
    expect(await errorOf(live, { url: '/v1/health', method: 'POST' })).toMatchObject({
      status: 404,
      code: 'not-found',
    });
  });

  test('a step or a session that is not there is 404 not-found', async () => {
    const live = await startCore();
    for (const url of ['/v1/steps/none', '/v1/steps/none/explain', '/v1/steps/none/logs']) {
      expect(await errorOf(live, { url })).toMatchObject({ status: 404, code: 'not-found' });
    }
    for (const request of [
      { url: '/v1/sessions/none/heartbeat', method: 'POST', payload: {} },
      { url: '/v1/sessions/none/steps', method: 'POST', payload: { steps: [] } },
      { url: '/v1/sessions/none', method: 'DELETE' },
    ] as const) {
      expect(await errorOf(live, request)).toMatchObject({ status: 404, code: 'not-found' });
    }
  });

  test('a priority class is 422 not-supported on the local engine, and 409 step-not-waiting for a step that has ended', async () => {
    const live = await startCore();
    const session = await openSession(live);
    const step = await submitStep(live, session, 'one', 'true');
    const { core } = live.api;
    const request = { method: 'POST', url: `/v1/steps/${step}/priority`, payload: { priorityClass: 'high' } } as const;
    const local = await errorOf(live, request);
    expect(local).toMatchObject({ status: 422, code: 'not-supported' });
    expect(local.message).toBe('the local engine has no priority classes');
    await expect.poll(() => core.step(step as StepId).state, { timeout: 20_000 }).toBe('succeeded');
    core.engine.changePriority = () => Promise.resolve();
    expect(await errorOf(live, request)).toMatchObject({ status: 409, code: 'step-not-waiting' });
    const unknown = await errorOf(live, { ...request, url: '/v1/steps/none/priority' });
    expect(unknown).toMatchObject({ status: 404, code: 'not-found' });
  });

  test('a request of the wrong shape is 400 request-invalid and names the field', async () => {
    const live = await startCore();
    const { pid: _pid, ...withoutPid } = opening(live.workdir);
    const wrong: (InjectOptions & { readonly field: RegExp })[] = [
      { method: 'POST', url: '/v1/sessions', payload: withoutPid, field: /body\.pid/ },
      { method: 'POST', url: '/v1/sessions', payload: { ...opening('relative') }, field: /body\.workdir/ },
      { method: 'POST', url: '/v1/sessions', payload: { ...opening('/tmp'), extra: 1 }, field: /extra/ },
      { method: 'POST', url: '/v1/sessions', payload: [], field: /body/ },
      { method: 'GET', url: '/v1/steps?limit=many', field: /query\.limit/ },
      { method: 'GET', url: '/v1/events?after=-1', field: /query\.after/ },
    ];
    for (const { field, ...request } of wrong) {
      const error = await errorOf(live, request);
      expect(error).toMatchObject({ status: 400, code: 'request-invalid' });
      expect(error.message).toMatch(field);
    }
  });

  test('a body that is no JSON, or of another type, is 400 request-invalid', async () => {
    const live = await startCore();
    for (const type of ['application/json', 'application/xml']) {
      const error = await errorOf(live, {
        method: 'POST',
        url: '/v1/sessions',
        payload: '{',
        headers: { 'content-type': type },
      });
      expect(error).toMatchObject({ status: 400, code: 'request-invalid' });
    }
  });

  test('a second front end is 409 workdir-busy', async () => {
    const live = await startCore();
    await openSession(live);
    const error = await errorOf(live, { method: 'POST', url: '/v1/sessions', payload: opening(live.workdir) });
    expect(error).toMatchObject({ status: 409, code: 'workdir-busy' });
  });

  test('a step that cannot be read, or can never run, is refused alone and the others are taken', async () => {
    const live = await startCore();
    const session = await openSession(live);
    const good = stepRequest(live.workdir, 'good', 'true');
    const steps = [
      { ...good, ref: 'shapeless', threads: 'two' },
      { ...good, ref: 'huge', outputs: ['huge'], resources: { mem_mb: { value: 1e9, stated: true } } },
      { ...good, ref: 'lost', outputs: ['lost'], resources: { kueue_queue: { value: 'none', stated: true } } },
      { ...good, ref: 'alone', outputs: ['alone'], resources: { kueue_services: { value: 'cache', stated: true } } },
      good,
    ];
    const answer = await live.server.inject({
      method: 'POST',
      url: `/v1/sessions/${session}/steps`,
      payload: { steps },
    });
    const { results } = answer.json<{ results: { ref: string; outcome: string; error?: { code: string } }[] }>();
    expect(answer.statusCode).toBe(200);
    expect(results.map(({ ref, outcome, error }) => [ref, outcome, error?.code])).toEqual([
      ['shapeless', 'refused', 'request-invalid'],
      ['huge', 'refused', 'never-fits'],
      ['lost', 'refused', 'queue-unknown'],
      ['alone', 'refused', 'service-unknown'],
      ['good', 'accepted', undefined],
    ]);
  });

  test('with a token, a request without it or with another one is 401 unauthorized', async () => {
    const live = await startCore({ token: 'secret' });
    const headers = [undefined, 'Bearer wrong!', 'secret', 'Bearer secre', 'Bearer secret '];
    for (const url of ['/v1/health', '/v1/nothing']) {
      for (const authorization of headers) {
        const error = await errorOf(live, { url, headers: authorization === undefined ? {} : { authorization } });
        expect(error).toMatchObject({ status: 401, code: 'unauthorized' });
      }
    }
    const answer = await live.server.inject({ url: '/v1/health', headers: { authorization: 'Bearer secret' } });
    expect(answer.statusCode).toBe(200);
  });
});
