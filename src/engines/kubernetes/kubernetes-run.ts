import type { StepId } from '../../domain/brand.ts';
import { asKonvergeError, type KonvergeError } from '../../domain/error.ts';
import { type Failure, failure } from '../../domain/failure.ts';
import type { Observation } from '../../domain/observation.ts';
import type { EngineHost, WorkOrder } from '../../ports/engine.ts';
import type { KubernetesObject } from './client/object.ts';
import { resources } from './client/object.ts';
import type { Cluster } from './cluster.ts';
import { ClusterWatch } from './cluster-watch.ts';
import { type FollowedStep, followedStep, idOf } from './followed-step.ts';
import { FollowedSteps } from './followed-steps.ts';
import { Follower } from './follower.ts';
import { kindOf, servedKindList } from './kinds/registry.ts';
import { openQueuePositions, type QueuePositions } from './kueue/position.ts';
import { labelKeys, labelValue, stepOf } from './labels.ts';
import { rescueLastLogs, rescueLogs } from './log-rescue.ts';
import { objectNameOf } from './names.ts';
import { PostedNotes } from './posted-notes.ts';
import { Remover } from './remover.ts';
import { logFilesOf, noteWhereLogsAre } from './step-log-files.ts';
import { podWithLog } from './step-logs.ts';
import { logsOf, StepObjectBuilder } from './step-object-builder.ts';
import { Submitter } from './submitter.ts';

/** After the pods of a step could not be listed. */
const listAgainMs = 10_000;

const whileHeld = 'nothing is started while no session is attached';

/**
 * All steps of one core in one cluster. A step goes from the submitter (into the cluster) to the follower (what is seen of
 * it) to the remover (out of it); what this class adds is who hears what, in which order:
 *
 * - An end is told after the logs of a failure have been saved, and the object is removed after the end has been told.
 * - A cancelled step is told of when its object and its pods are gone, so that nothing of it writes any more.
 */
export class KubernetesRun {
  readonly cluster: Cluster;
  readonly steps = new FollowedSteps();
  private readonly host: EngineHost;
  private readonly stateDir: string;
  private readonly notes: PostedNotes;
  private readonly watch: ClusterWatch;
  private readonly submitter: Submitter;
  private readonly follower: Follower;
  private readonly remover: Remover;
  private readonly positions: QueuePositions;
  private readonly endings = new Set<Promise<void>>();
  private held = true;

  private constructor(cluster: Cluster, stateDir: string, host: EngineHost, orders: readonly WorkOrder[]) {
    this.cluster = cluster;
    this.host = host;
    this.stateDir = stateDir;
    const { client } = cluster;
    this.notes = new PostedNotes(stateDir);
    this.positions = openQueuePositions(client, host.clock);
    this.follower = new Follower({
      clock: host.clock,
      limits: cluster.settings,
      observe: (observations) => host.observe(observations),
      ended: (step, last, tail) => this.track(this.end(step, last, tail)),
      wantsPods: (step) => void this.listPods(step),
    });
    this.remover = new Remover(client, host.logger, (step) => this.isRemoved(step));
    this.submitter = new Submitter({
      client,
      builder: new StepObjectBuilder(cluster, host),
      posted: (step, object) => this.isPosted(step, object),
      refused: (step, error) => this.isRefused(step, error),
      waits: (step, why) => this.tellWaiting(step, why),
    });
    for (const order of orders) this.note(order);
    this.watch = new ClusterWatch(client, cluster.run, {
      object: (id, object, gone) => this.hasObject(id, object, gone),
      pod: (id, pod, gone) => this.hasPod(id, pod, gone),
      workload: (uid, workload, gone) => this.hasWorkload(uid, workload, gone),
      trouble: (message) => this.hasTrouble(message),
    });
  }

  /** `orders`: the steps that the core believes to be in flight. Resolves when each is followed, queued again or known as lost. */
  static async open(
    cluster: Cluster,
    stateDir: string,
    host: EngineHost,
    orders: readonly WorkOrder[],
  ): Promise<KubernetesRun> {
    const run = new KubernetesRun(cluster, stateDir, host, orders);
    try {
      await run.watch.synced();
    } catch (error) {
      run.watch.close();
      throw error;
    }
    run.takeUp();
    run.removeStrays();
    return run;
  }

  launch(orders: readonly WorkOrder[]): void {
    for (const order of orders) {
      if (this.steps.get(order.id)) continue;
      const step = this.note(order);
      // Kueue would say so too, after it has looked for a while; a queue that is stopped may go on again.
      const refusal = this.cluster.refusalOf(order);
      if (refusal?.code === 'never-fits') {
        this.isRefused(step, refusal);
        continue;
      }
      this.tellWaiting(step, this.held ? whileHeld : 'waits to be submitted');
      this.submitter.enqueue(step);
    }
  }

  cancel(ids: readonly StepId[]): void {
    for (const id of ids) {
      const step = this.steps.get(id);
      if (step === undefined || step.phase === 'cancelled' || step.phase === 'over') continue;
      const { phase } = step;
      step.phase = 'cancelled';
      const isThere = step.object !== undefined;
      if (phase === 'posted') this.removeCancelled(step);
      // What is on its way into the cluster is removed once it has arrived.
      else if (this.submitter.drop(step)) {
        if (isThere) this.removeCancelled(step);
        else this.tellEnd(step, cancelled());
      }
    }
  }

  hold(held: boolean): void {
    this.held = held;
    this.submitter.hold(held);
    if (!held) void this.refreshQueues();
  }

  whyQueued(id: StepId): string | undefined {
    const step = this.steps.get(id);
    return this.held && step?.phase === 'waiting' ? whileHeld : step?.waits;
  }

  async whyQueuedNow(id: StepId): Promise<string | undefined> {
    const step = this.steps.get(id);
    if (step?.waits === undefined) return undefined;
    const workload = step.workload?.metadata.name;
    const position = workload && (await this.positions.sentence(step.order.queue, workload));
    return position ? `${step.waits}; ${position}` : step.waits;
  }

  async close(): Promise<void> {
    this.follower.close();
    await this.submitter.close();
    this.watch.close();
    await Promise.allSettled(this.endings);
    await this.remover.close();
    await this.cluster.client.close();
  }

  private note(order: WorkOrder): FollowedStep {
    const step = followedStep(order, kindOf(order.kind), objectNameOf(this.cluster.run, order.id, order.spec.rule));
    this.steps.add(step);
    return step;
  }

  /**
   * After the first list: what has a note is followed, and is gone if it has no object. Without a note it was never posted, or
   * not to its end: then its POST is repeated, for its Secret may be missing.
   */
  private takeUp(): void {
    for (const step of this.steps.all()) {
      if (this.notes.has(idOf(step))) this.isFollowed(step);
      else this.submitter.enqueue(step);
    }
    this.notes.keep(new Set(this.steps.all().map(idOf)));
  }

  /** Of steps that nobody asks for any more: a core was killed between their end and their removal. */
  private removeStrays(): void {
    for (const { metadata, kind } of this.watch.all()) {
      if (this.steps.get(stepOf(metadata)) || metadata.deletionTimestamp !== undefined) continue;
      const found = servedKindList().find(({ resource }) => resource.kind === kind);
      if (found === undefined) continue;
      this.host.logger.info({ object: metadata.name }, 'removes an object of a step that is no more');
      const removed = this.cluster.client.remove(
        found.resource,
        metadata.name,
        metadata.uid ? { uid: metadata.uid } : {},
      );
      removed.catch((error: unknown) => {
        this.host.logger.warn({ object: metadata.name, error: (error as Error).message }, 'it could not be removed');
      });
    }
  }

  private isPosted(step: FollowedStep, object: KubernetesObject): void {
    const { staging } = step.order.spec;
    this.notes.add(idOf(step));
    if (staging) noteWhereLogsAre(logFilesOf(this.stateDir, idOf(step)), logsOf(staging.area, idOf(step)));
    // The watch may have a newer state of it, or still the former one whose name it has.
    if (step.object?.metadata.uid !== object.metadata.uid) {
      if (step.object !== undefined) step.pods.clear();
      step.object = object;
    }
    this.steps.hasUid(step, object.metadata.uid ?? '');
    if (step.phase === 'cancelled') {
      this.removeCancelled(step);
      return;
    }
    this.isFollowed(step);
  }

  private isFollowed(step: FollowedStep): void {
    step.phase = 'posted';
    const uid = step.object?.metadata.uid;
    if (uid !== undefined) {
      this.steps.hasUid(step, uid);
      step.workload = this.watch.workloadOf(uid);
    }
    this.follower.hasChanged(step);
  }

  private isRefused(step: FollowedStep, error: KonvergeError): void {
    const why: Failure = { ...failure('never-admissible', error.message), hint: error.hint, code: error.code };
    this.tellEnd(step, step.phase === 'cancelled' ? cancelled() : { state: 'failed', failure: why });
  }

  private removeCancelled(step: FollowedStep): void {
    const pod = step.order.spec.staging === undefined ? podWithLog(step) : undefined;
    if (pod !== undefined) {
      const { client, settings } = this.cluster;
      step.lastLogs = rescueLastLogs(client, pod, logFilesOf(this.stateDir, idOf(step)), settings.graceMs);
    }
    this.track(
      this.remover.now(step).then((error) => {
        if (error === undefined) return this.follower.hasChanged(step);
        const what = `its ${step.kind.resource.kind} ${step.name} cannot be removed and may run on`;
        this.tellEnd(step, cancelled(`it was cancelled, but ${what}: ${error.message}`));
      }),
    );
  }

  private hasObject(id: StepId, object: KubernetesObject, gone: boolean): void {
    const step = this.steps.get(id);
    if (step === undefined || object.metadata.name !== step.name) return;
    // A former one of this name goes away while it is replaced.
    if (step.uid !== undefined && object.metadata.uid !== step.uid) return;
    step.object = gone ? undefined : object;
    if (step.phase !== 'waiting') this.follower.hasChanged(step);
  }

  private hasPod(id: StepId, pod: KubernetesObject, gone: boolean): void {
    const step = this.steps.get(id);
    if (step === undefined) return;
    // Of a former object of the same name, or none that was ever looked at.
    if (gone && !step.pods.has(pod.metadata.name)) return;
    step.pods.set(pod.metadata.name, { object: pod, gone });
    if (step.phase !== 'waiting') this.follower.hasChanged(step);
  }

  private hasWorkload(uid: string, workload: KubernetesObject, gone: boolean): void {
    // Of a step whose POST has not been answered yet it is taken from the watch later.
    const step = this.steps.withUid(uid);
    if (step === undefined) return;
    step.workload = gone ? undefined : workload;
    this.follower.hasChanged(step);
  }

  /** A server that is away changes nothing; whoever looks at a step is told why nothing is heard of it. */
  private hasTrouble(message: string | undefined): void {
    if (message === undefined) {
      this.host.logger.info({ server: this.cluster.client.server }, 'the API server answers again');
      for (const step of this.steps.all()) {
        step.told = undefined;
        this.follower.hasChanged(step);
      }
      return;
    }
    this.host.logger.warn({ server: this.cluster.client.server, error: message }, 'the API server does not answer');
    const observations = this.steps.all().flatMap(({ told }): Observation[] => {
      if (told === undefined || !('reason' in told)) return [];
      return [{ ...told, reason: `${told.reason} (as last heard; nothing new is, for ${message})` }];
    });
    if (observations.length > 0) this.host.observe(observations);
  }

  private async listPods(step: FollowedStep): Promise<void> {
    const { client } = this.cluster;
    try {
      const selector = `${labelKeys.step}=${labelValue(idOf(step))}`;
      const { items } = await client.list(resources.pods, { labelSelector: selector });
      for (const pod of items) step.pods.set(pod.metadata.name, { object: pod, gone: false });
      step.podsAreFinal = true;
    } catch (error) {
      this.host.logger.warn(
        { step: idOf(step), error: (error as Error).message },
        'the pods of a step cannot be listed',
      );
      step.lookAgain = setTimeout(() => this.follower.hasChanged(step), listAgainMs);
      step.lookAgain.unref();
      return;
    }
    this.follower.hasChanged(step);
  }

  private async end(step: FollowedStep, last: Observation, tail: string | undefined): Promise<void> {
    const isKept = step.order.spec.staging !== undefined;
    if (step.lastLogs) await step.lastLogs;
    else if (last.state === 'failed' || !isKept) {
      await rescueLogs(this.cluster.client, step, logFilesOf(this.stateDir, idOf(step)), tail);
    }
    this.host.observe([last]);
    if (step.object === undefined) this.isRemoved(step);
    else this.remover.add(step);
  }

  /** The end of a step of which nothing is in the cluster. */
  private tellEnd(
    step: FollowedStep,
    end: { readonly state: 'failed' | 'cancelled'; readonly failure: Failure },
  ): void {
    step.phase = 'over';
    this.isRemoved(step);
    this.host.observe([{ step: idOf(step), ...end, usage: [], atMs: this.host.clock.nowMs() }]);
  }

  private tellWaiting(step: FollowedStep, why: string): void {
    step.waits = why;
    this.host.observe([{ step: idOf(step), state: 'queued', reason: why, atMs: this.host.clock.nowMs() }]);
  }

  private isRemoved(step: FollowedStep): void {
    if (step.phase !== 'over') return;
    this.steps.remove(step);
    this.notes.remove(idOf(step));
  }

  private async refreshQueues(): Promise<void> {
    try {
      await this.cluster.refresh();
    } catch (error) {
      const { code, message } = asKonvergeError(error);
      this.host.logger.warn({ code, error: message }, 'the queues cannot be read again');
    }
  }

  private track(work: Promise<void>): void {
    const tracked = work
      .catch((error: unknown) =>
        this.host.logger.error({ error: (error as Error).message }, 'the end of a step failed'),
      )
      .finally(() => this.endings.delete(tracked));
    this.endings.add(tracked);
  }
}

function cancelled(message = 'it was cancelled'): { readonly state: 'cancelled'; readonly failure: Failure } {
  return { state: 'cancelled', failure: failure('cancelled', message) };
}
