import { readFile, stat } from 'node:fs/promises';
import { describeLocation } from '../domain/object-location.ts';
import type { StagedFile } from '../domain/staging.ts';
import type { StagingJob } from '../ports/staging.ts';
import type { CallContext } from './agent-context.ts';
import { isAbsent } from './disk-error.ts';
import { forEachBounded } from './for-each-bounded.ts';
import { findOutput } from './output-files.ts';
import { localPath } from './step-paths.ts';
import { partsOf } from './transfer-plan.ts';

/** A larger log goes in parts, so that it never is in memory as a whole. */
const maxPutBytes = 8 * 1024 * 1024;

/** The logs of a failed step, as far as they are there. That one cannot be uploaded is said, but is not the step's error. */
export async function uploadLogs(context: CallContext, job: StagingJob, signal: AbortSignal): Promise<void> {
  await forEachBounded(job.plan.logs, 8, signal, async (log, signal) => {
    try {
      await uploadLog(context, job.workdir, log, signal);
    } catch (error) {
      signal.throwIfAborted();
      const facts = { step: job.step, object: describeLocation(log.at), error: (error as Error).message };
      context.logger.warn(facts, 'the log of a failed step could not be uploaded');
    }
  });
}

async function uploadLog(context: CallContext, workdir: string, log: StagedFile, signal: AbortSignal): Promise<void> {
  const found = await findOutput(workdir, localPath(workdir, log.path));
  const [file] = found?.files ?? [];
  if (found?.kind !== 'file' || file === undefined) return;
  const store = context.store(log.at.store);
  if (file.stats.size <= maxPutBytes) {
    const body = await readFile(file.path).catch((error: unknown) => {
      if (isAbsent(error)) return undefined;
      throw error;
    });
    if (body !== undefined) await context.requests.run(signal, () => store.put(log.at, body, signal));
    return;
  }
  const upload = { at: log.at, uploadId: await store.openUpload(log.at, signal) };
  try {
    const parts = [];
    for (const [n, { begin, end }] of partsOf((await stat(file.path)).size).entries()) {
      const part = { number: n + 1, path: file.path, offset: begin, sizeBytes: end - begin };
      parts.push(await context.parts.run(signal, () => store.uploadPart(upload, part, signal)));
    }
    await store.completeUpload(upload, parts, signal);
  } catch (error) {
    await store.abortUpload(upload);
    throw error;
  }
}
