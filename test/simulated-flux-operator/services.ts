import { containersOf } from './containers.ts';
import { clusterLabel, podLabels, pullSecretsOf } from './job.ts';
import { type Manifest, owned, volumesOf } from './minicluster.ts';
import type { SettledCluster } from './settle.ts';
import { existingVolumes } from './volumes.ts';

/** By which the pods have names in DNS. With `minimalService`, one with an address, of the first pod alone. */
export function clusterServiceOf(cluster: SettledCluster): Manifest {
  const { metadata, spec } = cluster;
  const selector = { 'job-name': metadata.name };
  return owned(cluster, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: spec.headlessName, namespace: metadata.namespace },
    spec: spec.flux.minimalService
      ? { selector: { ...selector, 'job-index': '0' }, ports: [{ port: 8050, protocol: 'TCP' }] }
      : { selector, clusterIP: 'None' },
  });
}

/** Of the ports of containers beside the one that runs Flux. */
export function portServicesOf(cluster: SettledCluster): Manifest[] {
  const { metadata, spec } = cluster;
  return spec.containers
    .filter(({ runFlux, ports = [] }) => !runFlux && ports.length > 0)
    .map(({ name = '', ports = [] }) =>
      owned(cluster, {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name, namespace: metadata.namespace },
        spec: {
          selector: { [clusterLabel]: metadata.name },
          // Without names, so that several ports of one container are refused.
          ports: ports.map((port) => ({ port, targetPort: port, protocol: 'TCP' })),
        },
      }),
    );
}

/** The services of a MiniCluster are one pod, beside those of its Job: Kueue does not see it. */
export function servicePodOf(cluster: SettledCluster): Manifest {
  const { metadata, spec } = cluster;
  const { pod, services = [] } = spec;
  const name = `${metadata.name}-services`;
  return owned(cluster, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: metadata.namespace,
      labels: { ...podLabels(cluster), 'job-name': metadata.name },
      ...(pod.annotations && { annotations: pod.annotations }),
    },
    spec: {
      subdomain: spec.headlessName,
      hostname: name,
      setHostnameAsFQDN: false,
      volumes: existingVolumes(volumesOf(services)),
      imagePullSecrets: pullSecretsOf(cluster),
      restartPolicy: pod.restartPolicy || 'OnFailure',
      ...(pod.serviceAccountName && { serviceAccountName: pod.serviceAccountName }),
      automountServiceAccountToken: pod.automountServiceAccountToken ?? false,
      ...(pod.nodeSelector && { nodeSelector: pod.nodeSelector }),
      ...(pod.dnsPolicy && { dnsPolicy: pod.dnsPolicy }),
      ...(pod.runtimeClassName && { runtimeClassName: pod.runtimeClassName }),
      containers: containersOf(cluster, services, [], true),
    },
  });
}
