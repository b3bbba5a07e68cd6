import type { StepId } from '../../domain/brand.ts';
import { asKonvergeError, KonvergeError } from '../../domain/error.ts';
import type { Observation } from '../../domain/observation.ts';
import type { EngineHost, WorkOrder } from '../../ports/engine.ts';
import type { KubernetesObject } from './client/object.ts';
import type { Cluster } from './cluster.ts';
import { ClusterNews } from './cluster-news.ts';
import { ClusterWatch } from './cluster-watch.ts';
import { type FollowedStep, followedStep, idOf, queuedOf, queuedTypeOf } from './followed-step.ts';
import { FollowedSteps } from './followed-steps.ts';
import { Follower } from './follower.ts';
import { kindOf } from './kinds/registry.ts';
import { changePriority } from './kueue/change-priority.ts';
import { openQueuePositions, type QueuePositions } from './kueue/position.ts';
import { requirePriorityClass } from './kueue/preflight.ts';
import { objectNameOf } from './names.ts';
import { PostedNotes } from './posted-notes.ts';
import { removeStrays } from './remove-strays.ts';
import { StepEndings } from './step-endings.ts';
import { logFilesOf, noteWhereLogsAre } from './step-log-files.ts';
import { logsOf, StepObjectBuilder } from './step-object-builder.ts';
import { Submitter } from './submitter.ts';

const whileHeld = 'nothing is started while no session is attached';

/**
 * All steps of one core in one cluster. A step goes from the submitter (into the cluster) to the follower (what is seen of
 * it, which cluster-news.ts keeps) to step-endings.ts (out of it); what this class adds is who hears what, in which order.
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
  private readonly endings: StepEndings;
  /** By namespace. */
  private readonly positions: ReadonlyMap<string, QueuePositions>;
  private held = true;

  private constructor(cluster: Cluster, stateDir: string, host: EngineHost, orders: readonly WorkOrder[]) {
    this.cluster = cluster;
    this.host = host;
    this.stateDir = stateDir;
    const { client } = cluster;
    const { steps } = this;
    const changed = (step: FollowedStep): void => this.follower.hasChanged(step);
    this.notes = new PostedNotes(stateDir);
    this.positions = new Map(
      cluster.places.map((place) => [place.client.namespace, openQueuePositions(place.client, host.clock)]),
    );
    this.endings = new StepEndings(cluster, { ...host, stateDir, steps, notes: this.notes, changed });
    const observe = (observations: readonly Observation[]): void => host.observe(observations);
    const news = new ClusterNews({
      logger: host.logger,
      observe,
      client,
      steps,
      workloadOf: (uid) => this.watch.workloadOf(uid),
      queuedFor: (step) => this.givePriority(step),
      changed,
    });
    this.follower = new Follower({
      clock: host.clock,
      limits: cluster.settings,
      observe,
      ended: (step, last, tail) => this.endings.ended(step, last, tail),
      wantsPods: (step) => void news.listPods(step),
    });
    this.submitter = new Submitter({
      builder: new StepObjectBuilder(cluster, host),
      posted: (step, object) => this.isPosted(step, object),
      refused: (step, error) => this.endings.refused(step, error),
      waits: (step, why) => this.tellWaiting(step, why),
    });
    for (const order of orders) this.note(order);
    this.watch = new ClusterWatch(cluster.run, cluster.places, news);
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
    removeStrays(cluster.client, run.watch.all(), run.steps, host.logger);
    return run;
  }

  launch(orders: readonly WorkOrder[]): void {
    for (const order of orders) {
      if (this.steps.get(order.id)) continue;
      const step = this.note(order);
      // Kueue would say so too, after it has looked for a while; a queue that is stopped may go on again.
      const refusal = this.cluster.refusalOf(order);
      if (refusal?.code === 'never-fits') {
        this.endings.refused(step, refusal);
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
      if (phase === 'posted') this.endings.cancel(step);
      // What is on its way into the cluster is removed once it has arrived.
      else if (this.submitter.drop(step)) {
        if (isThere) this.endings.cancel(step);
        else this.endings.neverBegan(step);
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
    const positions = this.positions.get(step.client.namespace);
    const position = workload && (await positions?.sentence(step.order.queue, workload));
    return position ? `${step.waits}; ${position}` : step.waits;
  }

  /** One that is on its way into the cluster gets the class once it has arrived. */
  async changePriority(id: StepId, priorityClass: string, signal?: AbortSignal): Promise<void> {
    const step = this.steps.get(id);
    const { client } = this.cluster;
    await requirePriorityClass(client, priorityClass, signal === undefined ? {} : { signal });
    if (step?.waits === undefined) {
      throw new KonvergeError('step-not-waiting', `${step?.order.spec.label ?? id} does not wait any more`);
    }
    step.priorityClass = priorityClass;
    if (queuedOf(step)) await changePriority(step.client, queuedTypeOf(step), step.name, priorityClass, signal);
  }

  /** Kueue's order is by when the object was made. One whose Secret is missing yet gets it when a session is there. */
  keepsPlace(id: StepId): boolean {
    const step = this.steps.get(id);
    return step?.object !== undefined && (step.phase === 'posted' || step.phase === 'waiting');
  }

  async close(): Promise<void> {
    this.follower.close();
    await this.submitter.close();
    this.watch.close();
    await this.endings.close();
    await this.cluster.client.close();
  }

  private note(order: WorkOrder): FollowedStep {
    const step = followedStep(
      order,
      kindOf(order.kind),
      objectNameOf(this.cluster.run, order.id, order.spec.rule, order.kind),
      this.cluster.placeOf(order.kind).client,
    );
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
      this.endings.cancel(step);
      return;
    }
    if (queuedOf(step)) this.givePriority(step);
    this.isFollowed(step);
  }

  /** That was asked for before there was anything in a queue. */
  private givePriority(step: FollowedStep): void {
    const { client, name, priorityClass } = step;
    if (priorityClass === undefined) return;
    changePriority(client, queuedTypeOf(step), name, priorityClass).catch((error: unknown) => {
      const { code, message } = asKonvergeError(error);
      this.host.logger.warn({ step: idOf(step), priorityClass, code, error: message }, 'a step keeps its priority');
    });
  }

  private isFollowed(step: FollowedStep): void {
    step.phase = 'posted';
    const uid = step.object?.metadata.uid;
    if (uid !== undefined) this.steps.hasUid(step, uid);
    if (step.queuedUid !== undefined) step.workload = this.watch.workloadOf(step.queuedUid);
    this.follower.hasChanged(step);
  }

  private tellWaiting(step: FollowedStep, why: string): void {
    step.waits = why;
    this.host.observe([{ step: idOf(step), state: 'queued', reason: why, atMs: this.host.clock.nowMs() }]);
  }

  private async refreshQueues(): Promise<void> {
    try {
      await this.cluster.refresh();
    } catch (error) {
      const { code, message } = asKonvergeError(error);
      this.host.logger.warn({ code, error: message }, 'the queues cannot be read again');
    }
  }
}
