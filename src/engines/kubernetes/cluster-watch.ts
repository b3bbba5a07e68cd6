import type { StepId } from '../../domain/brand.ts';
import type { ClusterClient, Reflection } from './client/cluster-client.ts';
import { type KubernetesObject, resources } from './client/object.ts';
import type { Kind } from './kinds/kind.ts';
import { kueueLabels } from './kueue/labels.ts';
import { runSelector, stepOf } from './labels.ts';

/** What comes of the watches, each as the newest state of one object. */
export interface WatchListener {
  object(step: StepId, object: KubernetesObject, gone: boolean): void;
  pod(step: StepId, pod: KubernetesObject, gone: boolean): void;
  /** Of Kueue; `uid` is that of the object it stands for. */
  workload(uid: string, workload: KubernetesObject, gone: boolean): void;
  /** The server does not answer, since when; undefined: it answers again. */
  trouble(message: string | undefined): void;
}

/**
 * Follows all that belongs to a run: one watch per kind of object and one for pods, by the run's label, and one for Kueue's
 * Workloads in the namespace, which do not carry our labels. A thousand steps that wait cost no request.
 */
export class ClusterWatch {
  private readonly reflections: readonly Reflection[];
  private readonly objects: readonly Reflection[];
  /** Kueue's Workloads by the uid of the object that each stands for. */
  private readonly workloads = new Map<string, KubernetesObject>();

  constructor(client: ClusterClient, run: string, kinds: readonly Kind[], listener: WatchListener) {
    const labelSelector = runSelector(run);
    const troubles = new Set<number>();
    const follow = (
      index: number,
      type: Parameters<ClusterClient['reflect']>[0],
      selector: string | undefined,
      tell: (object: KubernetesObject, gone: boolean) => void,
    ): Reflection =>
      client.reflect(type, {
        ...(selector !== undefined && { labelSelector: selector }),
        changed: (object) => tell(object, false),
        gone: (object) => tell(object, true),
        trouble: (trouble) => {
          const before = troubles.size;
          if (trouble) troubles.add(index);
          else troubles.delete(index);
          if (trouble && before === 0) listener.trouble(trouble.message);
          if (!trouble && before > 0 && troubles.size === 0) listener.trouble(undefined);
        },
      });
    const ofStep =
      (tell: (step: StepId, object: KubernetesObject, gone: boolean) => void) =>
      (object: KubernetesObject, gone: boolean): void => {
        const step = stepOf(object.metadata);
        if (step !== undefined) tell(step, object, gone);
      };
    this.objects = kinds.map((kind, index) =>
      follow(index + 2, kind.resource, labelSelector, ofStep(listener.object.bind(listener))),
    );
    const pods = follow(0, resources.pods, labelSelector, ofStep(listener.pod.bind(listener)));
    const workloads = follow(1, resources.workloads, undefined, (workload, gone) => {
      const uid = workload.metadata.labels?.[kueueLabels.jobUid];
      if (uid === undefined) return;
      // An elastic job has a new one before the old one goes.
      if (!gone) this.workloads.set(uid, workload);
      else if (this.workloads.get(uid)?.metadata.uid === workload.metadata.uid) this.workloads.delete(uid);
      else return;
      listener.workload(uid, workload, gone);
    });
    this.reflections = [...this.objects, pods, workloads];
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
}
