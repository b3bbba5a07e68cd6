import type { ObjectLocation } from '../../domain/object-location.ts';
import type { EngineHost, WorkOrder } from '../../ports/engine.ts';
import { areaOf } from '../../ports/staging.ts';
import { buildStep } from './build-step.ts';
import { type KubernetesObject, type ResourceType, resources } from './client/object.ts';
import type { Cluster } from './cluster.ts';
import type { FollowedStep } from './followed-step.ts';
import { annotationKeys } from './labels.ts';
import { buildConfigMap } from './pod/build-config-map.ts';
import { type AgentAccess, buildPodJob } from './pod/build-pod-job.ts';
import { buildSecret } from './pod/build-secret.ts';
import { checkSecretSize, jobData, stepData } from './pod/secret-data.ts';

export interface StepObjects {
  readonly object: KubernetesObject;
  /** What is created right after the object, owned by it. */
  readonly besidesOf: (created: KubernetesObject) => readonly Besides[];
}

export interface Besides {
  readonly type: ResourceType;
  readonly object: KubernetesObject;
}

/** Puts together what a step becomes in the cluster: the pure builders below, and what only the session knows. */
export class StepObjectBuilder {
  private readonly cluster: Cluster;
  private readonly host: EngineHost;

  constructor(cluster: Cluster, host: EngineHost) {
    this.cluster = cluster;
    this.host = host;
  }

  /** Waits for the session's access to storage, and puts the workflow's sources there, if the step needs them. */
  async build({ order }: FollowedStep, signal: AbortSignal): Promise<StepObjects> {
    const { settings } = this.cluster;
    const { pod, object } = buildStep(order, settings, this.cluster.contextFor(order));
    const job = buildPodJob(order, settings, await this.accessOf(order, signal), pod.additions);
    const env = this.host.ownVariablesOf(order.id);
    // Before there is an object, which would have to be removed again.
    checkSecretSize(order.spec, stepData(order.spec, pod.additions, env), jobData(job));
    return {
      object,
      besidesOf: (created) => {
        const configMap = buildConfigMap(order, pod, created);
        return [
          ...(configMap ? [{ type: resources.configMaps, object: configMap }] : []),
          { type: resources.secrets, object: buildSecret(order, pod, { job, env }, created) },
        ];
      },
    };
  }

  /** Whether an object that is there already is of the same request (design.md 12.1). */
  isSame(there: KubernetesObject, wanted: KubernetesObject): boolean {
    const key = annotationKeys.requestHash;
    return there.metadata.annotations?.[key] === wanted.metadata.annotations?.[key];
  }

  private async accessOf({ id, spec }: WorkOrder, signal: AbortSignal): Promise<AgentAccess> {
    if (spec.staging === undefined) return { stores: {}, environment: {} };
    const { stores, environment } = await this.host.staging.forElsewhere(signal);
    await this.host.staging.prepareElsewhere(spec.staging, signal);
    return { stores, environment, logs: logsOf(spec.staging.area, id) };
  }
}

/** Where the agent keeps the streams of a step in storage. */
export function logsOf(area: ObjectLocation, step: string): ObjectLocation {
  return areaOf(areaOf(area, 'logs'), step);
}
