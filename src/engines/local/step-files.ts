import { asKonvergeError } from '../../domain/error.ts';
import { type Failure, storageFailure } from '../../domain/failure.ts';
import type { ManifestRef } from '../../domain/manifest.ts';
import type { Usage } from '../../domain/step.ts';
import type { Staging, StagingJob } from '../../ports/staging.ts';

/** The files of one step on their way in and out; nothing to do for a step that works in place. */
export class StepFiles {
  private readonly job: StagingJob | undefined;
  private readonly staging: Staging;
  private readonly stop = new AbortController();
  private underWay: Promise<unknown> = Promise.resolve();

  constructor(job: StagingJob | undefined, staging: Staging) {
    this.job = job;
    this.staging = staging;
  }

  /** Throws what the agent throws. */
  async stage(): Promise<void> {
    if (this.job) await this.track(this.staging.stage(this.job, this.stop.signal));
  }

  /**
   * The manifest of a success. After a failure its logs are uploaded, and the failure stays what it was, even if they cannot
   * be: it is the one that matters. Never throws.
   */
  async collect(
    usage: readonly Usage[],
    failed: Failure | undefined,
  ): Promise<{ readonly manifest?: ManifestRef; readonly failure?: Failure }> {
    if (!this.job) return {};
    // A cancelled step leaves nothing, and nobody waits for its logs.
    if (failed?.class === 'cancelled') return { failure: failed };
    const { exitCode } = failed ?? { exitCode: 0 };
    const end = { succeeded: failed === undefined, ...(exitCode === undefined ? {} : { exitCode }) };
    try {
      const manifest = await this.track(this.staging.collect(this.job, end, usage, this.stop.signal));
      return { ...(manifest && { manifest }), ...(failed && { failure: failed }) };
    } catch (error) {
      return { failure: failed ?? storageFailure(asKonvergeError(error)) };
    }
  }

  /** Has what is under way end soon, with nothing left behind. */
  abort(): void {
    this.stop.abort();
  }

  /** Resolves when nothing is under way any more. Never throws. */
  async settled(): Promise<void> {
    await this.underWay;
  }

  /** Removes the working directory: all that counts is uploaded, or nobody wants it. */
  forget(): void {
    if (this.job) void this.staging.forget(this.job.step, this.job.workdir).catch(() => undefined);
  }

  private track<T>(work: Promise<T>): Promise<T> {
    this.underWay = work.catch(() => undefined);
    return work;
  }
}
