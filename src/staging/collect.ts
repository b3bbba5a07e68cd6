import { existsSync, writeFileSync } from 'node:fs';
import { KonvergeError } from '../domain/error.ts';
import type { CommitManifest, ManifestRef, PendingObject } from '../domain/manifest.ts';
import type { CommandEnd } from '../domain/staging.ts';
import type { Usage } from '../domain/step.ts';
import { areaOf, type StagingJob } from '../ports/staging.ts';
import type { CallContext } from './agent-context.ts';
import { benchmarkText } from './benchmark-text.ts';
import { diskError } from './disk-error.ts';
import { forEachBounded } from './for-each-bounded.ts';
import { checkInputs } from './input-changes.ts';
import { type InputNotes, readInputNotes } from './input-notes.ts';
import { Journal } from './journal.ts';
import { manifestAt, writeManifest } from './manifest-object.ts';
import { type CheckedOutput, checkOutputs, directoryTimestamp, makeDeclared } from './output-checks.ts';
import { localPath, refuseSharedKeys } from './step-paths.ts';
import { placeOf } from './transfer-plan.ts';
import { abortUnnoted, type OutgoingFile, uploadOpen } from './upload.ts';
import { uploadLogs } from './upload-logs.ts';

const filesAtOnce = 32;

/** After the command: see the port. Nothing becomes visible here but the logs of a failed step and the manifest. */
export async function collect(
  context: CallContext,
  job: StagingJob,
  end: CommandEnd,
  usage: readonly Usage[],
  signal: AbortSignal,
): Promise<ManifestRef | undefined> {
  if (job.plan.by === 'step') return undefined;
  const journal = Journal.open(job.notes, job.attempt);
  try {
    await abortUnnoted(context, journal, signal);
    if (!end.succeeded) {
      await abortAll(context, journal);
      await uploadLogs(context, job, signal);
      return undefined;
    }
    return existsSync(job.workdir)
      ? await collectOutputs(context, job, journal, usage, signal)
      : await collectedBefore(context, job, journal, signal);
  } catch (error) {
    await abortAll(context, journal);
    // The command succeeded and yet the step fails, for a missing output or the like: its log may say why.
    if (end.succeeded && !signal.aborted) await uploadLogs(context, job, signal);
    throw error;
  } finally {
    for (const { uploadId } of journal.opened()) context.liveUploads.delete(uploadId);
    journal.close();
  }
}

/** The directory goes once all is uploaded; a core that is killed before it has written that down asks again. */
async function collectedBefore(
  context: CallContext,
  { plan, step, workdir }: StagingJob,
  journal: Journal,
  signal: AbortSignal,
): Promise<ManifestRef> {
  const at = manifestAt(plan.area, step, journal.attempt);
  if (await context.store(at.store).head(at, signal)) return { at };
  throw new KonvergeError('agent-lost', `${workdir} is gone, and its outputs are not in storage`);
}

async function collectOutputs(
  context: CallContext,
  job: StagingJob,
  journal: Journal,
  usage: readonly Usage[],
  signal: AbortSignal,
): Promise<ManifestRef> {
  const { plan, workdir } = job;
  const inputs = readInputNotes(job.notes);
  refuseSharedKeys(plan);
  checkInputs(context, workdir, inputs);
  makeDeclared(plan, workdir);
  makeBenchmark(job, usage, inputs);
  const outgoing = (await checkOutputs(plan, workdir, signal)).flatMap(outgoingOf);

  const former = new Map(journal.opened().map((upload) => [placeOf(upload.at), upload]));
  const objects: PendingObject[] = [];
  await forEachBounded(outgoing.entries(), filesAtOnce, signal, async ([n, file], signal) => {
    objects[n] = await uploadOpen(context, journal, file, former.get(placeOf(file.at)), signal);
  });
  const used = new Set(objects.map(({ uploadId }) => uploadId));
  for (const upload of journal.opened()) if (!used.has(upload.uploadId)) await abort(context, journal, upload);

  const manifest: CommitManifest = {
    version: 1,
    step: job.step,
    attempt: journal.attempt,
    objects,
    directories: plan.outputs.filter(({ kind }) => kind === 'directory').map(({ at }) => ({ at })),
    usage,
    ...(inputs.newestMs !== undefined && { newestInputMs: inputs.newestMs }),
    writtenAtMs: Date.now(),
  };
  const at = manifestAt(plan.area, job.step, journal.attempt);
  await writeManifest(context.store(at.store), at, manifest, signal);
  const bytes = objects.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  context.logger.info({ step: job.step, objects: objects.length, bytes }, 'outputs were uploaded');
  return { at };
}

function makeBenchmark({ plan, workdir }: StagingJob, usage: readonly Usage[], { sizesMb }: InputNotes): void {
  if (plan.benchmark === undefined) return;
  const path = localPath(workdir, plan.benchmark.path);
  try {
    writeFileSync(path, benchmarkText(plan.benchmark, usage, sizesMb));
  } catch (cause) {
    throw diskError(path, cause);
  }
}

function outgoingOf({ declared, kind, found }: CheckedOutput): readonly OutgoingFile[] {
  return found.files.map(({ path, name }) => ({
    path,
    at: kind === 'file' ? declared.at : areaOf(declared.at, name),
    phase: 2 * (declared.level ?? 0) + (kind === 'directory' && name === directoryTimestamp ? 2 : 1),
  }));
}

/** Not with the caller's signal: it may be what ended the collecting. */
async function abortAll(context: CallContext, journal: Journal): Promise<void> {
  const { signal } = new AbortController();
  const say = (error: unknown): void => {
    context.logger.warn({ error: (error as Error).message }, 'an upload could not be ended; it is garbage now');
  };
  await forEachBounded(journal.opened(), filesAtOnce, signal, async (upload) => {
    await abort(context, journal, upload).catch(say);
  });
  // Requests to open one that were cut off.
  await abortUnnoted(context, journal, signal).catch(say);
}

async function abort(
  context: CallContext,
  journal: Journal,
  upload: ReturnType<Journal['opened']>[number],
): Promise<void> {
  await context.store(upload.at.store).abortUpload(upload);
  journal.isGone(upload);
  context.liveUploads.delete(upload.uploadId);
}
