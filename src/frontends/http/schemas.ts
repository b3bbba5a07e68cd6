import * as z from 'zod';
import { failureClasses } from '../../domain/failure.ts';
import { workloadKinds } from '../../domain/kind.ts';
import { stepStates } from '../../domain/state.ts';
import { StorageRequest } from '../snakemake/staging-request.ts';
import { StepRequest } from '../snakemake/step-request.ts';

/** The shapes of the API, version 1. Requests are parsed by them; the OpenAPI document is made of them. */
export const ErrorAnswer = z.object({
  error: z.object({ code: z.string(), message: z.string(), hint: z.string() }),
});

export const Health = z.object({
  pid: z.int(),
  version: z.string(),
  engine: z.string(),
  namespace: z.string().nullable().describe('Of the queues, on Kubernetes'),
  workdir: z.string(),
  session: z.string().nullable().describe('The session that is attached now'),
});

export const SessionList = z.object({
  sessions: z.array(
    z.object({
      session: z.string(),
      frontEnd: z.string(),
      pid: z.int(),
      host: z.string(),
      openedAtMs: z.number(),
      closedAtMs: z.number().optional(),
      attached: z.boolean(),
      alive: z.boolean().describe('Whether its process may still live; false only when it is surely gone'),
    }),
  ),
});

const Quota = z.object({
  cpuMillis: z.number(),
  memoryBytes: z.number(),
  gpu: z.number(),
  custom: z.record(z.string(), z.number()),
});

export const Queue = z.object({ name: z.string(), priority: z.int(), quota: Quota });

const Settings = z.strictObject({
  queue: z.string().nullish(),
  priority: z.string().nullish(),
  namespace: z.string().nullish(),
  image: z.string().nullish(),
  artifacts: z.enum(['storage', 'driver', 'shared']).nullish(),
  containers: z.enum(['on', 'off']).optional(),
});

export const SessionOpen = z.strictObject({
  frontEnd: z.string().min(1),
  version: z.string(),
  workdir: z.string().startsWith('/'),
  pid: z.int().positive(),
  host: z.string(),
  engine: z.string().nullish(),
  environment: z.record(z.string(), z.string()).describe('For every step; kept in memory only'),
  fallbackEnvironment: z
    .record(z.string(), z.string())
    .optional()
    .describe("Added for steps that run through the workflow tool's own job command; kept in memory only"),
  settings: Settings.optional(),
  storage: StorageRequest.nullish().describe('How files are moved; kept in memory only. Absent: steps work in place'),
  resume: z.string().nullish(),
});

/** What a front end has to know to describe steps. */
const Place = z.object({
  queues: z.array(Queue),
  defaultQueue: z.string(),
  ruleQueues: z.record(z.string(), z.string()),
  maxBatch: z.int(),
});

export const SessionOpened = z.object({
  session: z.string(),
  engine: z.string(),
  heartbeatMs: z.int(),
  lastSeq: z.int().describe('Read events after this one'),
  unfinished: z.int().describe('Steps that earlier sessions left in flight, or ended and untold'),
  ...Place.shape,
  stateDir: z.string(),
});

export const maxBatch = 1000;

export const StepBatch = z.strictObject({
  adoptOnly: z.boolean().optional(),
  steps: z
    .array(z.unknown())
    .max(maxBatch)
    .describe('StepRequest objects; each is parsed by itself and refused by itself'),
});

export const StepBatchDocument = z.strictObject({
  adoptOnly: z.boolean().optional(),
  steps: z.array(StepRequest).max(maxBatch),
});

const LogPaths = z.object({ stdout: z.string(), stderr: z.string() });

export const BatchTaken = z.object({
  results: z.array(
    z.object({
      ref: z.string(),
      outcome: z.enum(['accepted', 'adopted', 'refused', 'unknown']),
      step: z.string().optional(),
      cwd: z.string().optional(),
      kind: z.enum(workloadKinds).optional(),
      kindReason: z.string().optional(),
      queue: z.string().optional(),
      logs: LogPaths.optional(),
      error: ErrorAnswer.shape.error.optional(),
    }),
  ),
});

export const Heartbeat = z.strictObject({ toldThrough: z.int().nonnegative().nullish() });
export const HeartbeatAnswer = z.object({
  trouble: z.string().nullable().describe('What keeps the core from working now, such as a full disk'),
});

export const Cancel = z.strictObject({
  steps: z.array(z.string()).nullish().describe('Absent: all that are in flight'),
  waitMs: z.int().min(0).max(60_000).optional().describe('How long to wait for their end. Default: 0'),
});
export const Cancelled = z.object({ cancelled: z.int(), stillRunning: z.int() });

export const Priority = z.strictObject({
  priorityClass: z.string().min(1).describe('On Kubernetes a WorkloadPriorityClass'),
});

const Failure = z.object({
  class: z.enum(failureClasses),
  message: z.string(),
  hint: z.string(),
  code: z.string().optional().describe('The error that it came from, where storage failed'),
  exitCode: z.int().optional(),
  signal: z.string().optional(),
});

const Usage = z.object({
  wallMs: z.number(),
  cpuMs: z.number().optional(),
  maxRssBytes: z.number().optional(),
  maxVmsBytes: z.number().optional(),
  maxUssBytes: z.number().optional(),
  maxPssBytes: z.number().optional(),
  ioReadBytes: z.number().optional(),
  ioWriteBytes: z.number().optional(),
});

export const StepEvent = z.object({
  seq: z.int(),
  atMs: z.number(),
  session: z.string(),
  step: z.string(),
  ref: z.string(),
  rule: z.string(),
  label: z.string(),
  state: z.enum(stepStates),
  reason: z.string(),
  failure: Failure.optional(),
  usage: z.array(Usage).optional(),
});

export const StepView = z.object({
  step: z.string(),
  session: z.string(),
  rule: z.string(),
  label: z.string(),
  attempt: z.int(),
  state: z.enum(stepStates),
  reason: z.string(),
  kind: z.enum(workloadKinds),
  queue: z.string(),
  mode: z.enum(['direct', 'group', 'fallback']),
  restarts: z.int(),
  failure: Failure.optional(),
  usage: z.array(Usage),
  acceptedAtMs: z.number(),
  startedAtMs: z.number().optional(),
  endedAtMs: z.number().optional(),
  outputs: z.array(z.string()),
  logs: LogPaths.optional(),
});

export const StepList = z.object({ steps: z.array(StepView) });

export const StepQuery = z.object({
  session: z.string().optional(),
  state: z.string().optional().describe('One or more states, separated by commas'),
  limit: z.coerce.number().int().positive().optional(),
});

export const EventQuery = z.object({ after: z.coerce.number().int().nonnegative().optional() });

export const LogQuery = z.object({
  stream: z.enum(['stdout', 'stderr']).optional(),
  follow: z.enum(['true', 'false', '1', '0']).optional(),
  offset: z.coerce.number().int().nonnegative().optional(),
});

export const Explanation = z.object({
  step: z.string(),
  label: z.string(),
  state: z.string(),
  engine: z.string(),
  kind: z.string(),
  kindReason: z.string(),
  queue: z.string(),
  mode: z.enum(['direct', 'group', 'fallback']),
  fallbackReasons: z.array(z.string()),
  outputs: z.enum(['in place', 'all or none', 'not atomic']).describe('How its outputs become visible'),
  waits: z.string().nullable(),
  plan: z.unknown(),
});

export const PreviewBatch = z.strictObject({
  settings: Settings.optional().describe('As a session has them'),
  steps: StepBatch.shape.steps,
});

export const PreviewBatchDocument = z.strictObject({
  settings: Settings.optional(),
  steps: StepBatchDocument.shape.steps,
});

export const Previews = z.object({
  engine: z.string(),
  ...Place.shape,
  results: z.array(
    z.object({
      ref: z.string(),
      outcome: z.enum(['planned', 'refused']),
      explanation: Explanation.optional(),
      error: ErrorAnswer.shape.error.optional(),
    }),
  ),
});
