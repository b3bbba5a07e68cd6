import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { asKonvergeError, KonvergeError } from '../../domain/error.ts';
import type { ManifestRef } from '../../domain/manifest.ts';
import { type PodEnd, serializePodReport } from '../../domain/pod-handshake.ts';
import type { PodJob, PodReport } from '../../domain/pod-job.ts';
import { environmentFileName, type PodLayout } from '../../domain/pod-wrapper.ts';
import type { CommandEnd } from '../../domain/staging.ts';
import type { Logger } from '../../ports/logger.ts';
import type { StagingJob } from '../../ports/staging.ts';
import { Agent, type StoreOpeners } from '../agent.ts';
import { hostsAreKnown } from './known-hosts.ts';
import { lastLines } from './last-lines.ts';
import { LogStreams } from './log-streams.ts';
import { Marks } from './marks.ts';
import { readPodJob } from './pod-job-file.ts';
import { PodNotes } from './pod-notes.ts';

/**
 * - `step`: the step's commands run in it, and the kubelet ends the agent after them.
 * - `lead`: the same, but nobody ends the agent: it is stopped when there is no other process in the pod any more (company.ts).
 * - `rank`: it has the inputs of a step that runs in several pods, and a wrapper; what it leaves is another pod's to collect.
 * - `follower`: it has those inputs, and no wrapper: its agent says that they are there (follow.ts), and ends.
 */
export type PodRole = 'step' | 'lead' | 'rank' | 'follower';

/** What the agent of a pod has around it. */
export interface PodSurroundings {
  readonly layout: PodLayout;
  /** Kubernetes' own id of the pod, which names the attempt; absent: a random one. */
  readonly podUid: string | undefined;
  readonly role: PodRole;
  readonly openers: StoreOpeners;
  readonly logger: Logger;
  /** To the agent's own standard output. */
  print(text: Buffer): void;
  /** Variables for the clients of the stores, before the first of them is made. */
  useEnvironment(environment: Readonly<Record<string, string>>): void;
}

/** How long what is left of the step's output may take to be sent when the pod is to end. */
const lastWordsMs = 20_000;

/**
 * The life of the agent in a step's pod: stage, let the commands run, collect, report. It may be killed at any moment and
 * started again: what is done is in its notes (pod-notes.ts), and it goes on from there. Whatever goes wrong is reported, as
 * the wrapper waits for an answer without a deadline.
 *
 * `stop` is SIGTERM. The kubelet sends it when the step's container has ended, so the report has been read then, or nobody
 * will ever read one. Resolves with the exit code. A `follower` has a shorter life: follow.ts.
 */
export async function runPod(pod: PodSurroundings, stop: AbortSignal): Promise<number> {
  const { layout, logger } = pod;
  using marks = new Marks(layout.marks);
  const notes = new PodNotes(layout.agentState);
  try {
    const line = notes.report ?? serializePodReport(await reportOf(pod, notes, marks, stop));
    try {
      notes.noteReport(line);
    } catch (error) {
      // A full disk, for example. Then an agent that comes after this one finds out again.
      logger.warn({ error: (error as Error).message }, 'the report could not be noted');
    }
    if (!notes.staged) marks.tellStaged('stop');
    marks.tellReport(line);
  } catch (error) {
    if (!stop.aborted) throw error;
    logger.info({}, 'the pod ends before its step has been reported');
    return 143;
  }
  await aborted(stop);
  return 0;
}

/** Rejects only if `stop` is aborted. */
async function reportOf(pod: PodSurroundings, notes: PodNotes, marks: Marks, stop: AbortSignal): Promise<PodReport> {
  try {
    const job = readPodJob(pod.layout.agentConfig);
    pod.useEnvironment(job.environment);
    return await carryOut(pod, job, notes, marks, stop);
  } catch (error) {
    stop.throwIfAborted();
    return { version: 1, usage: [], error: errorOf(pod.logger, error) };
  }
}

async function carryOut(
  pod: PodSurroundings,
  job: PodJob,
  notes: PodNotes,
  marks: Marks,
  stop: AbortSignal,
): Promise<PodReport> {
  const { layout, logger } = pod;
  const agent = new Agent(layout.agentState, pod.openers, logger);
  agent.configure({ stores: job.stores });
  const staging = stagingOf(pod, job, notes);
  const isRank = pod.role === 'rank';
  if (!notes.staged) {
    notes.begin('stage');
    if (staging !== undefined) await agent.carryOut({ method: 'stage', job: staging }, stop);
    // A step that needs no files; another directory than ours is in a volume, and not ours to make.
    else if (job.workdir === layout.work) mkdirSync(job.workdir, { recursive: true });
    bringEnvironment(layout);
    await hostsAreKnown(job.hosts ?? [], stop);
    // Before the word: a command that has begun must never find its files replaced.
    notes.noteStaged();
  }
  marks.tellStaged('go');

  // The streams of the step are those of its main pod.
  const settings = isRank || job.logs === undefined ? undefined : job.stores[job.logs.store];
  const store = settings === undefined ? undefined : pod.openers.openStore(settings);
  const streams = new LogStreams({ folder: layout.logs, job, store, notes, logger, print: (text) => pod.print(text) });
  try {
    const end = await marks.ended(stop);
    const finished = streams.finish(stop);
    try {
      return await collect(pod, job, notes, agent, isRank ? undefined : staging, end, stop);
    } finally {
      await finished;
    }
  } finally {
    await streams.finish(AbortSignal.timeout(lastWordsMs));
    store?.close();
  }
}

async function collect(
  pod: PodSurroundings,
  job: PodJob,
  notes: PodNotes,
  agent: Agent,
  staging: StagingJob | undefined,
  { exitCode, usage, outOfMemory, refused }: PodEnd,
  stop: AbortSignal,
): Promise<PodReport> {
  const end: CommandEnd = { succeeded: exitCode === 0, ...(exitCode !== undefined && { exitCode }) };
  let manifest: ManifestRef | undefined;
  let error: PodReport['error'];
  try {
    if (refused === 'nodir') throw noWorkdir(job.workdir);
    if (refused !== undefined) throw new KonvergeError(refused.code, refused.message);
    notes.begin('collect');
    if (staging !== undefined) {
      manifest = (await agent.carryOut({ method: 'collect', job: staging, end, usage }, stop)) as
        | ManifestRef
        | undefined;
    }
  } catch (thrown) {
    stop.throwIfAborted();
    error = errorOf(pod.logger, thrown);
    // Then only its logs were to be moved, and its exit code says why it failed.
    if (exitCode !== undefined && exitCode !== 0) error = undefined;
  }
  const tail = end.succeeded && error === undefined ? undefined : lastLines(pod.layout.logs);
  return {
    version: 1,
    ...(exitCode !== undefined && { exitCode }),
    ...(outOfMemory && { outOfMemory }),
    ...(manifest && { manifest }),
    usage,
    ...(error && { error }),
    ...(tail !== undefined && { tail }),
  };
}

/** In pods whose step sees nothing of the Secret: its variables are copied to where the wrapper looks for them. */
function bringEnvironment({ agentConfig, shared }: PodLayout): void {
  const from = join(agentConfig, environmentFileName);
  if (existsSync(from)) copyFileSync(from, join(shared, environmentFileName));
}

export function stagingOf({ podUid }: PodSurroundings, job: PodJob, notes: PodNotes): StagingJob | undefined {
  if (job.staging === undefined) return undefined;
  const attempt = podUid?.replaceAll(/[^A-Za-z0-9]/g, '');
  const { step, staging: plan, workdir } = job;
  return { step, plan, workdir, notes: notes.folder, ...(attempt && { attempt }) };
}

function noWorkdir(workdir: string): KonvergeError {
  return new KonvergeError('storage-needed', `the pod has no directory ${workdir}, or the step may not enter it`);
}

export function errorOf(logger: Logger, thrown: unknown): NonNullable<PodReport['error']> {
  const { code, message, hint } = asKonvergeError(thrown).toBody();
  logger.error({ code, error: message }, 'the step fails');
  return { code, message, hint };
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
