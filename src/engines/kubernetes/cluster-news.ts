import type { StepId } from '../../domain/brand.ts';
import type { Observation } from '../../domain/observation.ts';
import type { EngineHost } from '../../ports/engine.ts';
import type { ClusterClient } from './client/cluster-client.ts';
import { type KubernetesObject, resources } from './client/object.ts';
import type { WatchListener } from './cluster-watch.ts';
import { type FollowedStep, idOf } from './followed-step.ts';
import type { FollowedSteps } from './followed-steps.ts';
import { labelKeys, labelValue } from './labels.ts';

/** After the pods of a step could not be listed. */
const listAgainMs = 10_000;

export interface NewsHost extends Pick<EngineHost, 'logger' | 'observe'> {
  readonly client: ClusterClient;
  readonly steps: FollowedSteps;
  /** Kueue's Workload for the object of that uid, if it has been seen. */
  workloadOf(uid: string): KubernetesObject | undefined;
  /** An operator has made what Kueue queues of a step, for which another priority was asked meanwhile. */
  queuedFor(step: FollowedStep): void;
  /** Something of a step has changed: it is looked at. */
  changed(step: FollowedStep): void;
}

/** Keeps the newest state of every object with the step it belongs to, as the watches tell it. */
export class ClusterNews implements WatchListener {
  private readonly host: NewsHost;

  constructor(host: NewsHost) {
    this.host = host;
  }

  object(id: StepId, object: KubernetesObject, gone: boolean): void {
    const step = this.host.steps.get(id);
    // What an operator makes of it may have its name.
    if (step === undefined || object.metadata.name !== step.name || object.kind !== step.kind.resource.kind) return;
    // A former one of this name goes away while it is replaced.
    if (step.uid !== undefined && object.metadata.uid !== step.uid) return;
    step.object = gone ? undefined : object;
    if (step.phase !== 'waiting') this.host.changed(step);
  }

  /** What an operator has made of a step's object, which has the same name; it has our labels, and no annotations. */
  queued(object: KubernetesObject, gone: boolean): void {
    const { steps } = this.host;
    const step = steps.withName(object.metadata.name);
    if (step?.kind.queued === undefined) return;
    // Of a former object of this name, whose operator has not removed it yet.
    const owner = (object.metadata.ownerReferences ?? []).find(({ controller }) => controller);
    if (step.uid !== undefined && owner !== undefined && owner.uid !== step.uid) return;
    step.queued = gone ? undefined : object;
    if (!gone) {
      const { uid = '' } = object.metadata;
      steps.hasQueuedUid(step, uid);
      step.workload = this.host.workloadOf(uid);
      if (step.priorityClass !== undefined) this.host.queuedFor(step);
    }
    if (step.phase !== 'waiting') this.host.changed(step);
  }

  pod(id: StepId, pod: KubernetesObject, gone: boolean): void {
    const step = this.host.steps.get(id);
    if (step === undefined) return;
    // Of a former object of the same name, or none that was ever looked at.
    if (gone && !step.pods.has(pod.metadata.name)) return;
    step.pods.set(pod.metadata.name, { object: pod, gone });
    if (step.phase !== 'waiting') this.host.changed(step);
  }

  workload(uid: string, workload: KubernetesObject, gone: boolean): void {
    // Of a step whose POST has not been answered yet it is taken from the watch later.
    const step = this.host.steps.withUid(uid);
    if (step === undefined) return;
    step.workload = gone ? undefined : workload;
    this.host.changed(step);
  }

  /** A server that is away changes nothing; whoever looks at a step is told why nothing is heard of it. */
  trouble(message: string | undefined): void {
    const { client, logger, steps } = this.host;
    if (message === undefined) {
      logger.info({ server: client.server }, 'the API server answers again');
      for (const step of steps.all()) {
        step.told = undefined;
        this.host.changed(step);
      }
      return;
    }
    logger.warn({ server: client.server, error: message }, 'the API server does not answer');
    const observations = steps.all().flatMap(({ told }): Observation[] => {
      if (told === undefined || !('reason' in told)) return [];
      return [{ ...told, reason: `${told.reason} (as last heard; nothing new is, for ${message})` }];
    });
    if (observations.length > 0) this.host.observe(observations);
  }

  /** Asks for the pods of a step whose object has ended before any pod was seen. */
  async listPods(step: FollowedStep): Promise<void> {
    const { logger } = this.host;
    try {
      const selector = `${labelKeys.step}=${labelValue(idOf(step))}`;
      const { items } = await step.client.list(resources.pods, { labelSelector: selector });
      for (const pod of items) step.pods.set(pod.metadata.name, { object: pod, gone: false });
      step.podsAreFinal = true;
    } catch (error) {
      logger.warn({ step: idOf(step), error: (error as Error).message }, 'the pods of a step cannot be listed');
      step.lookAgain = setTimeout(() => this.host.changed(step), listAgainMs);
      step.lookAgain.unref();
      return;
    }
    this.host.changed(step);
  }
}
