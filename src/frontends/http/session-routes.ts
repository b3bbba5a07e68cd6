import * as z from 'zod';
import { heartbeatMs } from '../../app/sessions.ts';
import type { SubmitItem, SubmitResult } from '../../app/submit.ts';
import type { SessionId, StepId } from '../../domain/brand.ts';
import { asKonvergeError, KonvergeError } from '../../domain/error.ts';
import type { StoreSettings } from '../../domain/object-location.ts';
import type { StorageAccess } from '../../ports/staging.ts';
import type { StorageRequest } from '../snakemake/staging-request.ts';
import { StepRequest } from '../snakemake/step-request.ts';
import { type SessionSettings, stepFrom } from '../snakemake/translate.ts';
import type { Api } from './api.ts';
import { ndjson } from './ndjson.ts';
import { parsePart, type Route, route } from './route.ts';
import {
  BatchTaken,
  Cancel,
  Cancelled,
  EventQuery,
  Heartbeat,
  HeartbeatAnswer,
  maxBatch,
  SessionList,
  SessionOpen,
  SessionOpened,
  StepBatch,
  StepBatchDocument,
  StepEvent,
} from './schemas.ts';

const SessionParams = z.object({ session: z.string() });

export function sessionRoutes(api: Api): Route[] {
  const { core } = api;
  return [
    route({
      method: 'POST',
      path: '/v1/sessions',
      summary: 'Attach a front end; one at a time for a working directory',
      body: SessionOpen,
      status: 201,
      answer: SessionOpened,
      handle: ({ body }) => openSession(api, body),
    }),
    route({
      method: 'GET',
      path: '/v1/sessions',
      summary: 'Every front end that was ever attached, oldest first',
      status: 200,
      answer: SessionList,
      handle: () => ({
        sessions: core.listSessions().map(({ record, attached, alive }) => ({
          session: record.id,
          frontEnd: record.frontEnd,
          pid: record.pid,
          host: record.host,
          openedAtMs: record.openedAtMs,
          ...(record.closedAtMs !== undefined && { closedAtMs: record.closedAtMs }),
          attached,
          alive,
        })),
      }),
    }),
    route({
      method: 'POST',
      path: '/v1/sessions/{session}/heartbeat',
      summary: 'Say that the front end lives, and up to which event it has told all ends',
      params: SessionParams,
      body: Heartbeat,
      status: 200,
      answer: HeartbeatAnswer,
      handle: ({ params, body }) => core.heard(params.session as SessionId, body.toldThrough ?? undefined),
    }),
    route({
      method: 'POST',
      path: '/v1/sessions/{session}/steps',
      summary: 'Submit a batch of steps, or adopt what an earlier session left',
      params: SessionParams,
      body: StepBatch,
      bodyDocument: StepBatchDocument,
      status: 200,
      answer: BatchTaken,
      handle: async ({ params, body }) => {
        const items = body.steps.map((step) => itemFrom(api, step, api.settings));
        const results = await core.submit(params.session as SessionId, items, { adoptOnly: body.adoptOnly ?? false });
        return { results: results.map((result) => resultView(api, result)) };
      },
    }),
    route({
      method: 'GET',
      path: '/v1/sessions/{session}/events',
      summary: 'The events of a session, until it ends; resumes after a sequence number',
      params: SessionParams,
      query: EventQuery,
      status: 200,
      answer: StepEvent,
      stream: 'application/x-ndjson',
      handle: ({ params, query, reply, signal }) =>
        ndjson(reply, core.eventsOf(params.session as SessionId, query.after ?? 0, signal)),
    }),
    route({
      method: 'POST',
      path: '/v1/sessions/{session}/cancel',
      summary: 'End steps of a session, and wait until nothing of them runs',
      params: SessionParams,
      body: Cancel,
      status: 200,
      answer: Cancelled,
      handle: ({ params, body }) => cancelAndWait(api, { ...body, session: params.session as SessionId }),
    }),
    route({
      method: 'DELETE',
      path: '/v1/sessions/{session}',
      summary: 'Detach a front end; what runs goes on',
      params: SessionParams,
      status: 204,
      handle: ({ params }) => core.closeSession(params.session as SessionId),
    }),
  ];
}

function openSession(api: Api, body: z.infer<typeof SessionOpen>): z.infer<typeof SessionOpened> {
  const { core } = api;
  if (body.engine && body.engine !== core.engine.name) {
    throw new KonvergeError(
      'workdir-busy',
      `a core with the engine ${core.engine.name} still runs for ${api.workdir}`,
      {
        hint: 'Wait until its steps have ended, or `konverge cancel --all`.',
      },
    );
  }
  const { record } = core.openSession({
    frontEnd: body.frontEnd,
    workdir: body.workdir,
    pid: body.pid,
    host: body.host,
    environment: body.environment,
    ...(body.fallbackEnvironment && { fallbackEnvironment: body.fallbackEnvironment }),
    ...(body.storage && { storage: storageAccess(body.storage) }),
    ...(body.resume && { resume: body.resume as SessionId }),
  });
  api.settings = settingsFrom(body.settings ?? {});
  return {
    session: record.id,
    engine: core.engine.name,
    heartbeatMs,
    lastSeq: core.lastSeq,
    unfinished: core.unfinishedBefore(record.id),
    ...placeOf(api, api.settings),
    stateDir: api.stateDir,
  };
}

/** What a front end has to know to describe steps. */
export function placeOf(
  { core, configuration }: Api,
  settings: SessionSettings,
): Pick<z.infer<typeof SessionOpened>, 'queues' | 'defaultQueue' | 'ruleQueues' | 'maxBatch'> {
  const queues = core.engine.queues();
  const ruleQueues = Object.entries(configuration.rules).flatMap(([rule, { queue }]) =>
    queue === undefined ? [] : [[rule, queue] as const],
  );
  return {
    queues: queues.map(({ name, priority, quota }) => ({
      name,
      priority,
      quota: { ...quota, custom: { ...quota.custom } },
    })),
    defaultQueue:
      settings.queue ??
      configuration.queue ??
      queues.find(({ name }) => name === 'default')?.name ??
      queues[0]?.name ??
      'default',
    ruleQueues: Object.fromEntries(ruleQueues),
    maxBatch,
  };
}

export function settingsFrom(settings: NonNullable<z.infer<typeof SessionOpen>['settings']>): SessionSettings {
  return {
    ...(settings.queue && { queue: settings.queue }),
    ...(settings.priority && { priority: settings.priority }),
    ...(settings.image && { image: settings.image }),
    containers: settings.containers ?? 'off',
  };
}

/** zod writes `undefined` where nothing was said; the domain leaves it out. */
function storageAccess({ stores, environment, sources }: z.infer<typeof StorageRequest>): StorageAccess {
  return {
    stores: Object.fromEntries(Object.entries(stores).map(([name, store]) => [name, storeSettings(store)])),
    environment,
    ...(sources && { sources }),
  };
}

function storeSettings(store: z.infer<typeof StorageRequest>['stores'][string]): StoreSettings {
  if (store.kind === 'directory') return store;
  const { kind, credentials, ...rest } = store;
  const said = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  if (!credentials) return { kind, ...said };
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  return { kind, ...said, credentials: { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) } };
}

/** Each step is parsed by itself, so that one that cannot be read is refused alone and named. */
export function itemFrom(api: Api, step: unknown, of: SessionSettings): SubmitItem {
  const ref = (step as { ref?: unknown } | null)?.ref;
  try {
    const request = parsePart(StepRequest, step, 'step') as StepRequest;
    const settings = { ...of, engine: api.core.engine.name };
    return { ref: request.ref, spec: stepFrom(request, settings, api.configuration) };
  } catch (error) {
    return { ref: typeof ref === 'string' ? ref : '', error: asKonvergeError(error) };
  }
}

function resultView(api: Api, result: SubmitResult): z.infer<typeof BatchTaken>['results'][number] {
  if (result.outcome === 'unknown') return { ref: result.ref, outcome: result.outcome };
  if (result.outcome === 'refused') return { ref: result.ref, outcome: result.outcome, error: result.error };
  const { record } = result;
  const logs = api.core.engine.logPaths(record.id);
  return {
    ref: result.ref,
    outcome: result.outcome,
    step: record.id,
    cwd: record.spec.cwd,
    kind: record.kind,
    kindReason: record.kindReason,
    queue: record.queue,
    ...(logs && { logs }),
  };
}

export function cancelAndWait(
  api: Api,
  which: z.infer<typeof Cancel> & { readonly session?: SessionId },
): Promise<z.infer<typeof Cancelled>> {
  const steps = which.steps as StepId[] | null | undefined;
  return api.core.cancel(
    { ...(steps && { steps }), ...(which.session && { session: which.session }) },
    AbortSignal.timeout(which.waitMs ?? 0),
  );
}
