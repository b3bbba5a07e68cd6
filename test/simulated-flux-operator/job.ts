import { containersOf, initContainerOf } from './containers.ts';
import { type Manifest, owned, type Pod, type Words } from './minicluster.ts';
import type { SettledCluster } from './settle.ts';
import { mountsOf, softwareMount, volumesOfPod } from './volumes.ts';

/** The label by which pods of one MiniCluster find each other, and by which services do. */
export const clusterLabel = 'app.kubernetes.io/name';

export function podLabels({ metadata, spec }: SettledCluster): Words {
  return {
    ...spec.pod.labels,
    namespace: metadata.namespace,
    app: 'flux-operator',
    [clusterLabel]: metadata.name,
  };
}

/** All pods of a MiniCluster are those of one Indexed Job of its name. */
export function jobOf(cluster: SettledCluster): Manifest {
  const { metadata, spec } = cluster;
  const { name, namespace } = metadata;
  return owned(cluster, {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, namespace, ...(spec.jobLabels && { labels: spec.jobLabels }) },
    spec: {
      // 0 cannot be told from nothing said: the fewest retries are 1.
      backoffLimit: spec.backoffLimit || 100,
      completions: spec.size,
      parallelism: spec.size,
      completionMode: 'Indexed',
      activeDeadlineSeconds: spec.deadlineSeconds ?? 0,
      template: {
        metadata: {
          name,
          namespace,
          labels: { ...podLabels(cluster), 'hpa-selector': name },
          ...(spec.pod.annotations && { annotations: spec.pod.annotations }),
        },
        spec: podSpecOf(cluster),
      },
    },
  });
}

function podSpecOf(cluster: SettledCluster): object {
  const { spec } = cluster;
  const { pod } = spec;
  const mounts = [...mountsOf(cluster), softwareMount];
  return {
    subdomain: spec.headlessName,
    shareProcessNamespace: spec.shareProcessNamespace ?? false,
    setHostnameAsFQDN: false,
    volumes: volumesOfPod(cluster),
    imagePullSecrets: pullSecretsOf(cluster),
    ...(pod.serviceAccountName && { serviceAccountName: pod.serviceAccountName }),
    automountServiceAccountToken: pod.automountServiceAccountToken ?? false,
    restartPolicy: pod.restartPolicy || 'OnFailure',
    ...(pod.nodeSelector && { nodeSelector: pod.nodeSelector }),
    tolerations: (pod.tolerations ?? []).map(tolerationOf),
    ...(pod.schedulerName && { schedulerName: pod.schedulerName }),
    ...(pod.hostPID && { hostPID: true }),
    ...(pod.hostIPC && { hostIPC: true }),
    // Of all that a security context can say, only this is taken over.
    ...(Object.keys(pod.securityContext ?? {}).length > 0 && { securityContext: fsGroupOf(pod) }),
    ...(pod.dnsPolicy && { dnsPolicy: pod.dnsPolicy }),
    ...(pod.runtimeClassName && { runtimeClassName: pod.runtimeClassName }),
    ...(!spec.network?.disableAffinity && { affinity: affinityOf(cluster) }),
    // These add to what the containers ask for, and need a RuntimeClass.
    ...(Object.keys(pod.resources ?? {}).length > 0 && { overhead: pod.resources }),
    initContainers: [initContainerOf(cluster)],
    containers: containersOf(cluster, spec.containers, mounts, false),
  };
}

export function pullSecretsOf({ spec }: SettledCluster): object[] {
  return spec.containers.flatMap(({ imagePullSecret }) => (imagePullSecret ? [{ name: imagePullSecret }] : []));
}

function fsGroupOf({ securityContext }: Pod): object {
  return securityContext?.fsGroup === undefined ? {} : { fsGroup: securityContext.fsGroup };
}

function tolerationOf({ key, effect, operator, value }: NonNullable<Pod['tolerations']>[number]): object {
  return { ...(effect && { effect }), ...(key && { key }), ...(operator && { operator }), ...(value && { value }) };
}

/** Wishes only: in one zone together, on one node not. */
function affinityOf({ metadata, spec }: SettledCluster): object {
  const own = { matchExpressions: [{ key: clusterLabel, operator: 'In', values: [metadata.name] }] };
  const preferred = (topologyKey: string): object => ({
    preferredDuringSchedulingIgnoredDuringExecution: [
      { weight: 100, podAffinityTerm: { labelSelector: own, topologyKey } },
    ],
  });
  const nodes = Object.entries(spec.pod.nodeAffinity ?? {});
  const matchExpressions = nodes.map(([key, values]) => ({ key, operator: 'In', values }));
  return {
    podAffinity: preferred('topology.kubernetes.io/zone'),
    podAntiAffinity: preferred('kubernetes.io/hostname'),
    ...(nodes.length > 0 && {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions }] },
      },
    }),
  };
}
