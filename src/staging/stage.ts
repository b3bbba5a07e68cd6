import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { KonvergeError } from '../domain/error.ts';
import type { ObjectLocation } from '../domain/object-location.ts';
import type { StagingPlan } from '../domain/staging.ts';
import { areaOf, type StagingJob } from '../ports/staging.ts';
import type { CallContext } from './agent-context.ts';
import { diskError, isAbsent } from './disk-error.ts';
import { writeInputNotes } from './input-notes.ts';
import { Journal } from './journal.ts';
import { readWhole } from './read-whole.ts';
import { stageInputs } from './stage-inputs.ts';
import { leftBehind, localPath, refuseSharedKeys } from './step-paths.ts';
import { placeOf } from './transfer-plan.ts';
import { abortUnnoted } from './upload.ts';

/** Makes the working directory of a step; what a former try left in it, in its notes and in storage, is removed first. */
export async function stage(context: CallContext, job: StagingJob, signal: AbortSignal): Promise<void> {
  const { plan, workdir, notes } = job;
  refuseSharedKeys(plan);
  await abortFormerUploads(context, notes, signal);
  await freshDirectory(workdir);
  if (plan.sources !== undefined) {
    const { sources, area } = plan;
    await context.sources.place(sources, workdir, () => archiveOf(context, sources, area, signal));
    await keepArchive(context, sources, area, signal);
  }
  const directories = [...leftBehind(plan).map(({ path }) => path), ...plan.inner].map((path) =>
    dirname(localPath(workdir, path)),
  );
  for (const directory of new Set(directories)) {
    await mkdir(directory, { recursive: true }).catch((cause: unknown) => {
      throw diskError(directory, cause);
    });
  }
  // A step that does its own input and output fetches what it needs.
  const wanted =
    plan.by === 'agent'
      ? [
          ...plan.inputs.map((input) => ({ ...input, update: false })),
          ...plan.outputs.filter(({ update }) => update).map(({ path, at }) => ({ path, at, update: true })),
        ]
      : [];
  // An input that the sources have too is the one in storage.
  if (plan.sources !== undefined) {
    for (const { path } of wanted) rmSync(localPath(workdir, path), { recursive: true, force: true });
  }
  const inputs = await stageInputs(context, workdir, wanted, plan.benchmark?.extended !== undefined, signal);
  writeInputNotes(notes, inputs);
  context.logger.debug({ step: job.step, inputs: plan.inputs.length }, 'a step was staged');
}

/** What a step that is staged elsewhere cannot fetch from this machine. */
export async function publishSources(context: CallContext, plan: StagingPlan, signal: AbortSignal): Promise<void> {
  if (plan.sources === undefined) return;
  await keepArchive(context, plan.sources, plan.area, signal);
}

async function freshDirectory(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
    await mkdir(path, { recursive: true });
  } catch (cause) {
    throw diskError(path, cause);
  }
}

async function abortFormerUploads(context: CallContext, notes: string, signal: AbortSignal): Promise<void> {
  const journal = Journal.open(notes);
  try {
    await abortUnnoted(context, journal, signal);
    for (const upload of journal.opened()) await context.store(upload.at.store).abortUpload(upload, signal);
  } catch (error) {
    journal.close();
    throw error;
  }
  journal.forget();
}

/** From this machine if it is there, else from storage, where the first step of the session has put it. */
async function archiveOf(
  context: CallContext,
  digest: string,
  area: ObjectLocation,
  signal: AbortSignal,
): Promise<Buffer> {
  const local = await localArchive(context, digest);
  if (local !== undefined) return local;
  const stored = await readWhole(context.store(area.store), archiveAt(area, digest), signal);
  if (stored === undefined)
    throw new KonvergeError('sources-missing', `no archive of the sources with SHA-256 ${digest}`);
  return stored;
}

/**
 * A copy in storage, for steps elsewhere and for later sessions. It has a second use: Snakemake's S3 plugin deletes a bucket
 * that becomes empty, and this one is never empty while a run needs it.
 */
async function keepArchive(
  context: CallContext,
  digest: string,
  area: ObjectLocation,
  signal: AbortSignal,
): Promise<void> {
  const at = archiveAt(area, digest);
  if (context.keptArchives.has(placeOf(at))) return;
  const store = context.store(area.store);
  if ((await store.head(at, signal)) === undefined) {
    const archive = await localArchive(context, digest);
    if (archive !== undefined) await store.put(at, archive, signal);
  }
  context.keptArchives.add(placeOf(at));
}

async function localArchive({ archive }: CallContext, digest: string): Promise<Buffer | undefined> {
  if (archive?.digest !== digest) return undefined;
  try {
    const bytes = await readFile(archive.path);
    return createHash('sha256').update(bytes).digest('hex') === digest ? bytes : undefined;
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw diskError(archive.path, error);
  }
}

function archiveAt(area: ObjectLocation, digest: string): ObjectLocation {
  return areaOf(areaOf(area, 'sources'), `${digest}.tar.gz`);
}
