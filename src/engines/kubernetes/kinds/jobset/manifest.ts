import type { WorkOrder } from '../../../../ports/engine.ts';
import { type KubernetesObject, resources } from '../../client/object.ts';
import { gateAnnotations, queueLabels } from '../../kueue/labels.ts';
import type { PodTemplate } from '../../pod/apply-pod-patch.ts';
import type { StepPod } from '../../pod/step-pod.ts';
import type { KindSurroundings, PodSet } from '../kind.ts';
import { applicationName, memberName } from './members.ts';
import { serviceTemplate } from './service-template.ts';

/** As of a Job (kinds/job/manifest.ts): a safety net, for what nobody of ours comes back to. */
const unclaimedSeconds = 7 * 24 * 3600;

interface ReplicatedJob {
  readonly name: string;
  readonly replicas: 1;
  /** One that is earlier in the list. */
  readonly dependsOn?: readonly [{ readonly name: string; readonly status: 'Ready' }];
  readonly template: { readonly spec: Readonly<Record<string, unknown>> };
}

/**
 * jobset.x-k8s.io/v1alpha2 JobSet of a step with services, suspended. Each service is a replicated job, started when the one
 * before it is ready; the application is the last one, and its end is the end of all. Replicas of a service are pods of one
 * Indexed Job: fewer objects than a Job each, and Kubernetes itself tells each its index. Pure.
 */
export function jobSetManifest(order: WorkOrder, pod: StepPod, surroundings: KindSurroundings): KubernetesObject {
  const { group, version, kind } = resources.jobSets;
  const services = order.spec.services.map((service) => ({
    name: memberName(service),
    replicas: service.replicas,
    template: serviceTemplate(order, service, pod, surroundings),
  }));
  const members = [...services, { name: applicationName, replicas: 1, template: applicationTemplate(pod) }];
  return {
    apiVersion: `${group}/${version}`,
    kind,
    metadata: {
      name: pod.name,
      namespace: pod.namespace,
      labels: { ...pod.labels, ...queueLabels(pod.queue, pod.priorityClass) },
      annotations: { ...pod.annotations, ...gateAnnotations(order.spec.gates) },
    },
    spec: {
      suspend: true,
      network: { enableDNSHostnames: true, publishNotReadyAddresses: true },
      successPolicy: { operator: 'All', targetReplicatedJobs: [applicationName] },
      ttlSecondsAfterFinished: unclaimedSeconds,
      replicatedJobs: members.map(({ name, replicas, template }, index): ReplicatedJob => {
        const before = members[index - 1];
        return {
          name,
          replicas: 1,
          ...(before && { dependsOn: [{ name: before.name, status: 'Ready' }] }),
          template: { spec: { ...jobSpec(replicas), template } },
        };
      }),
    },
  };
}

function jobSpec(pods: number): Readonly<Record<string, unknown>> {
  return {
    parallelism: pods,
    completions: pods,
    completionMode: 'Indexed',
    // Who runs a step again, and how often, is the engine's to say: each time it is another object.
    backoffLimit: 0,
    podReplacementPolicy: 'Failed',
  };
}

/**
 * The runtime is the pod's own deadline, so that the services' start does not count. A deadline of its Job would be told of in the
 * Job alone, which nobody follows; of the JobSet only that some Job has failed.
 */
function applicationTemplate({ template, deadlineSeconds }: StepPod): PodTemplate {
  if (deadlineSeconds === undefined) return template;
  return { ...template, spec: { ...template.spec, activeDeadlineSeconds: deadlineSeconds } };
}

/** What Kueue counts: one set of pods for each replicated job. */
export function jobSetPodSets(jobSet: KubernetesObject): readonly PodSet[] {
  return membersOf(jobSet).map(({ name, replicas, template }) => ({ name, count: replicas, spec: template.spec }));
}

interface Member {
  readonly name: string;
  readonly replicas: number;
  readonly template: PodTemplate;
}

/** Of a JobSet that we have made. */
export function membersOf({ spec }: KubernetesObject): readonly Member[] {
  const { replicatedJobs = [] } = (spec ?? {}) as { readonly replicatedJobs?: readonly ReplicatedJob[] };
  return replicatedJobs.map(({ name, template }) => {
    const job = template.spec as { readonly parallelism: number; readonly template: PodTemplate };
    return { name, replicas: job.parallelism, template: job.template };
  });
}
