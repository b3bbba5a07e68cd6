import { setTimeout as pause } from 'node:timers/promises';
import type { KonvergeError } from '../../domain/error.ts';
import { type Failure, failure } from '../../domain/failure.ts';
import type { Observation } from '../../domain/observation.ts';
import type { EngineHost } from '../../ports/engine.ts';
import type { Cluster } from './cluster.ts';
import { type FollowedStep, idOf } from './followed-step.ts';
import type { FollowedSteps } from './followed-steps.ts';
import { rescueLastLogs, rescueLogs } from './log-rescue.ts';
import type { PostedNotes } from './posted-notes.ts';
import { Remover } from './remover.ts';
import { logFilesOf } from './step-log-files.ts';
import { podWithLog } from './step-logs.ts';

/** How long a core that ends waits for what it has begun to remove. */
const closeMs = 20_000;

export interface EndingsHost extends EngineHost {
  readonly stateDir: string;
  readonly steps: FollowedSteps;
  readonly notes: PostedNotes;
  /** Something of a step has changed: it is looked at. */
  changed(step: FollowedStep): void;
}

/**
 * How steps end, in an order that loses nothing:
 *
 * - An end is told after the logs of a failure have been saved, and the object is removed after the end has been told.
 * - A cancelled step is told of when its object and its pods are gone, so that nothing of it writes any more.
 */
export class StepEndings {
  private readonly cluster: Cluster;
  private readonly host: EndingsHost;
  private readonly remover: Remover;
  private readonly running = new Set<Promise<void>>();

  constructor(cluster: Cluster, host: EndingsHost) {
    this.cluster = cluster;
    this.host = host;
    this.remover = new Remover(host.logger, (step) => this.isRemoved(step));
  }

  /** The follower has seen its end; `tail` is of its log, if it is known. */
  ended(step: FollowedStep, last: Observation, tail: string | undefined): void {
    this.track(this.end(step, last, tail));
  }

  /** Nothing of it is in the cluster, and nothing will be. */
  refused(step: FollowedStep, error: KonvergeError): void {
    const why: Failure = { ...failure('never-admissible', error.message), hint: error.hint, code: error.code };
    this.tell(step, step.phase === 'cancelled' ? cancelled() : { state: 'failed', failure: why });
  }

  /** It was cancelled before anything of it was in the cluster. */
  neverBegan(step: FollowedStep): void {
    this.tell(step, cancelled());
  }

  /** It was cancelled, and its object is in the cluster. */
  cancel(step: FollowedStep): void {
    const pod = step.order.spec.staging === undefined ? podWithLog(step) : undefined;
    if (pod !== undefined) {
      const { settings } = this.cluster;
      step.lastLogs = rescueLastLogs(step.client, pod, this.logFiles(step), settings.graceMs);
    }
    this.track(
      this.remover.now(step).then((error) => {
        if (error === undefined) return this.host.changed(step);
        const what = `its ${step.kind.resource.kind} ${step.name} cannot be removed and may run on`;
        this.tell(step, cancelled(`it was cancelled, but ${what}: ${error.message}`));
      }),
    );
  }

  /** Resolves when the ends that have begun are told; what is not removed soon, a later core removes. */
  async close(): Promise<void> {
    await Promise.race([Promise.allSettled(this.running), pause(closeMs, undefined, { ref: false })]);
    await this.remover.close();
    // A server that is away keeps nobody: the remover has given up by now.
    await Promise.allSettled(this.running);
  }

  private async end(step: FollowedStep, last: Observation, tail: string | undefined): Promise<void> {
    const isKept = step.order.spec.staging !== undefined;
    if (step.lastLogs) await step.lastLogs;
    else if (last.state === 'failed' || !isKept) {
      await rescueLogs(step, this.logFiles(step), tail);
    }
    this.host.observe([last]);
    if (step.object === undefined) this.isRemoved(step);
    else this.remover.add(step);
  }

  /** The end of a step of which nothing is in the cluster. */
  private tell(step: FollowedStep, end: { readonly state: 'failed' | 'cancelled'; readonly failure: Failure }): void {
    step.phase = 'over';
    this.isRemoved(step);
    this.host.observe([{ step: idOf(step), ...end, usage: [], atMs: this.host.clock.nowMs() }]);
  }

  private isRemoved(step: FollowedStep): void {
    if (step.phase !== 'over') return;
    this.host.steps.remove(step);
    this.host.notes.remove(idOf(step));
  }

  private logFiles(step: FollowedStep): ReturnType<typeof logFilesOf> {
    return logFilesOf(this.host.stateDir, idOf(step));
  }

  private track(work: Promise<void>): void {
    const tracked = work
      .catch((error: unknown) =>
        this.host.logger.error({ error: (error as Error).message }, 'the end of a step failed'),
      )
      .finally(() => this.running.delete(tracked));
    this.running.add(tracked);
  }
}

function cancelled(message = 'it was cancelled'): { readonly state: 'cancelled'; readonly failure: Failure } {
  return { state: 'cancelled', failure: failure('cancelled', message) };
}
