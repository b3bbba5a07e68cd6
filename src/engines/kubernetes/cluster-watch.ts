import type { StepId } from '../../domain/brand.ts';
import type { ClusterClient, Reflection, ReflectOptions } from './client/cluster-client.ts';
import { type KubernetesObject, type ResourceType, resources } from './client/object.ts';
import type { Kind } from './kinds/kind.ts';
import { kueueLabels } from './kueue/labels.ts';
import { runSelector, stepOf } from './labels.ts';

/** What comes of the watches, each as the newest state of one object. */
export interface WatchListener {
  object(step: StepId, object: KubernetesObject, gone: boolean): void;
  /** What an operator has made of the object of a step (Kind.queued). */
  queued(object: KubernetesObject, gone: boolean): void;
  pod(step: StepId, pod: KubernetesObject, gone: boolean): void;
  /** Of Kueue; `uid` is that of the object it stands for. */
  workload(uid: string, workload: KubernetesObject, gone: boolean): void;
  /** The server does not answer, since when; undefined: it answers again. */
  trouble(message: string | undefined): void;
}

/** A namespace in which objects of steps are. */
export interface WatchedPlace {
  readonly client: Pick<ClusterClient, 'reflect'>;
  readonly kinds: readonly Kind[];
}

/**
 * Follows all that belongs to a run: in each namespace one watch per kind of object and one for pods, by the run's label, and one for
 * Kueue's Workloads, which do not carry our labels. A thousand steps that wait cost no request.
 */
export class ClusterWatch {
  private readonly reflections: Reflection[] = [];
  private readonly objects: Reflection[] = [];
  /** Kueue's Workloads by the uid of the object that each stands for. */
  private readonly workloads = new Map<string, KubernetesObject>();
  private readonly listener: WatchListener;
  private readonly labelSelector: string;
  /** Those watches that have trouble. */
  private readonly troubled = new Set<number>();

  constructor(run: string, places: readonly WatchedPlace[], listener: WatchListener) {
    this.listener = listener;
    this.labelSelector = runSelector(run);
    for (const place of places) this.followIn(place);
  }

  /** Everything that is there has been told once. Throws what ends a watch: no right, no such kind. */
  async synced(): Promise<void> {
    for (const { synced } of this.reflections) await synced;
  }

  workloadOf(uid: string): KubernetesObject | undefined {
    return this.workloads.get(uid);
  }

  /** The objects of this run, as they are known. */
  *all(): Generator<KubernetesObject> {
    for (const reflection of this.objects) yield* reflection.objects();
  }

  close(): void {
    for (const reflection of this.reflections) reflection.close();
  }

  private followIn({ client, kinds }: WatchedPlace): void {
    const { listener, labelSelector } = this;
    const follow = (
      type: ResourceType,
      options: Pick<ReflectOptions, 'labelSelector'>,
      tell: (object: KubernetesObject, gone: boolean) => void,
    ): Reflection => {
      const index = this.reflections.length;
      const reflection = client.reflect(type, {
        ...options,
        changed: (object) => tell(object, false),
        gone: (object) => tell(object, true),
        trouble: (trouble) => this.hasTrouble(index, trouble?.message),
      });
      this.reflections.push(reflection);
      return reflection;
    };
    const ofStep =
      (tell: (step: StepId, object: KubernetesObject, gone: boolean) => void) =>
      (object: KubernetesObject, gone: boolean): void => {
        const step = stepOf(object.metadata);
        if (step !== undefined) tell(step, object, gone);
      };
    for (const kind of kinds) {
      this.objects.push(follow(kind.resource, { labelSelector }, ofStep(listener.object.bind(listener))));
      if (kind.queued) follow(kind.queued, { labelSelector }, listener.queued.bind(listener));
    }
    follow(resources.pods, { labelSelector }, ofStep(listener.pod.bind(listener)));
    follow(resources.workloads, {}, (workload, gone) => this.hasWorkload(workload, gone));
  }

  private hasWorkload(workload: KubernetesObject, gone: boolean): void {
    const uid = workload.metadata.labels?.[kueueLabels.jobUid];
    if (uid === undefined) return;
    // An elastic job has a new one before the old one goes.
    if (!gone) this.workloads.set(uid, workload);
    else if (this.workloads.get(uid)?.metadata.uid === workload.metadata.uid) this.workloads.delete(uid);
    else return;
    this.listener.workload(uid, workload, gone);
  }

  private hasTrouble(index: number, message: string | undefined): void {
    const before = this.troubled.size;
    if (message !== undefined) this.troubled.add(index);
    else this.troubled.delete(index);
    if (message !== undefined && before === 0) this.listener.trouble(message);
    if (message === undefined && before > 0 && this.troubled.size === 0) this.listener.trouble(undefined);
  }
}
