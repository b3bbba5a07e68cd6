import { setTimeout as pause } from 'node:timers/promises';
import type { StepId } from '../domain/brand.ts';
import { asKonvergeError } from '../domain/error.ts';
import { type Failure, storageFailure } from '../domain/failure.ts';
import type { ManifestRef } from '../domain/manifest.ts';
import type { StepRecord } from '../domain/step.ts';
import type { Logger } from '../ports/logger.ts';
import type { Staging } from '../ports/staging.ts';

/** What becomes of a step that the committer was given. */
export interface CommitEvents {
  /** The first of its outputs is about to become visible; returns when that is on disk. */
  begins(step: StepId, signal: AbortSignal): Promise<void>;
  committed(step: StepId): void;
  failed(step: StepId, failure: Failure): void;
  /** Its uploads are gone for good and nothing of it is visible: it has to run again. */
  gone(step: StepId, why: string): void;
}

/** How long a commit waits for a store that does not answer, beyond the patience of each request. */
const silenceMs = 15 * 60_000;
const retryMs = 2000;

/** Whether the engine is done with a step, and what is left to do is the committer's. */
export function isUploaded(record: StepRecord): boolean {
  return record.state === 'committing' && (record.manifest !== undefined || record.spec.staging?.by === 'step');
}

/**
 * Makes the outputs of steps visible (design.md 12.2, 12.3): the second phase of the commit.
 *
 * parked
 *   The step's outputs are uploaded, or it did its own output; no session asks for it. The record says so and nothing is
 *   done, for what is completed behind the front end's back it would take for something else.
 * committing
 *   The session that is attached asks for it. That it has begun, and with which manifest, is in the run store before the
 *   first upload is completed; so a core that dies here finds it. The next session finishes what has begun, asked or not:
 *   completing again is harmless, and half a commit is not. The manifest goes before the success is written down: a commit
 *   that has begun and has no manifest any more was whole.
 * over
 *   All is seen in storage: `committed`. Otherwise `failed`, or `gone`.
 *
 * A step that has begun to commit cannot be cancelled any more: half of its outputs might be visible.
 */
export class Committer {
  private readonly staging: Staging;
  private readonly logger: Logger;
  private readonly events: CommitEvents;
  private readonly running = new Map<StepId, Promise<void>>();
  private readonly stop = new AbortController();

  constructor(staging: Staging, logger: Logger, events: CommitEvents) {
    this.staging = staging;
    this.logger = logger;
    this.events = events;
  }

  isCommitting(step: StepId): boolean {
    return this.running.has(step);
  }

  /** Begins the second phase of a step that the attached session asks for. Again is the same as once. */
  begin(record: StepRecord): void {
    if (this.running.has(record.id) || this.stop.signal.aborted) return;
    this.running.set(
      record.id,
      this.run(record).finally(() => this.running.delete(record.id)),
    );
  }

  /** Gives up a parked step: nothing of it becomes visible. False if it has begun to commit. */
  discard(record: StepRecord): boolean {
    if (this.running.has(record.id)) return false;
    const { manifest } = record;
    if (manifest) {
      this.staging.discard(manifest).catch((error: unknown) => {
        // What stays open is found by the next sweep.
        this.logger.warn(
          { step: record.id, error: (error as Error).message },
          'uploads of a step could not be aborted',
        );
      });
    }
    return true;
  }

  /** Lets commits that run stop where they are; the next core goes on with them. */
  async close(): Promise<void> {
    this.stop.abort();
    await Promise.allSettled(this.running.values());
  }

  private async commit(record: StepRecord, manifest: ManifestRef, signal: AbortSignal): Promise<void> {
    try {
      await this.staging.commit(manifest, signal);
    } catch (error) {
      if (!manifest.begun || !record.spec.staging || asKonvergeError(error).code !== 'upload-missing') throw error;
      // Whole, or taken back: the outputs tell.
      await this.staging.verify(record.spec.staging, signal).catch(() => {
        throw error;
      });
    }
    await this.staging.release(manifest).catch((error: unknown) => {
      this.logger.warn({ step: record.id, error: (error as Error).message }, 'a manifest could not be removed');
    });
  }

  /** A store that does not answer is no reason to lose what is uploaded already, nor to leave half of it visible. */
  private async patiently(step: StepId, work: () => Promise<void>): Promise<void> {
    for (const untilMs = performance.now() + silenceMs; ; ) {
      try {
        return await work();
      } catch (thrown) {
        const { code, message } = asKonvergeError(thrown);
        const passing = code === 'storage-unavailable' || code === 'agent-lost';
        if (!passing || this.stop.signal.aborted || performance.now() > untilMs) throw thrown;
        this.logger.warn({ step, error: message }, 'a commit waits for its store');
        await pause(retryMs, undefined, { signal: this.stop.signal });
      }
    }
  }

  private async run(record: StepRecord): Promise<void> {
    const { manifest, spec } = record;
    const { signal } = this.stop;
    try {
      await this.events.begins(record.id, signal);
      await this.patiently(record.id, async () => {
        if (manifest) await this.commit(record, manifest, signal);
        else if (spec.staging) await this.staging.verify(spec.staging, signal);
      });
      this.events.committed(record.id);
    } catch (thrown) {
      if (signal.aborted) return;
      const error = asKonvergeError(thrown);
      this.logger.warn({ step: record.id, code: error.code, error: error.message }, 'a step could not be committed');
      if (error.code === 'upload-missing') this.events.gone(record.id, error.message);
      else this.events.failed(record.id, storageFailure(error));
    }
  }
}
