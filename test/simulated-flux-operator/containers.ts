import { type Container, isWrapped, type MiniCluster } from './minicluster.ts';
import type { SettledCluster } from './settle.ts';
import { type Mount, mountsOf } from './volumes.ts';

/** It is there even if Flux comes from the image of the step: it writes the configuration. */
export function initContainerOf(cluster: SettledCluster): object {
  const { view, container = {} } = cluster.spec.flux;
  return {
    name: view.name,
    image: view.image,
    command: ['/bin/bash', '/flux_operator/flux-init.sh'],
    imagePullPolicy: container.pullAlways ? 'Always' : 'IfNotPresent',
    ...(container.workingDir && { workingDir: container.workingDir }),
    volumeMounts: mountsOf(cluster),
    stdin: true,
    tty: true,
    resources: container.resources ?? {},
    securityContext: container.securityContext ?? {},
  };
}

/**
 * Mounts add up: a container has those of all containers before it too, by names of volumes.
 * @param services  containers of the pod of services keep what their images start
 */
export function containersOf(
  { metadata }: MiniCluster,
  containers: readonly Container[],
  mounts: readonly Mount[],
  services: boolean,
): object[] {
  const all = [...mounts];
  const seen = new Set<string>();
  return containers.map((container, index) => {
    for (const [name, { emptyDir, path, readOnly }] of Object.entries(container.volumes ?? {})) {
      if (seen.has(name)) continue;
      seen.add(name);
      all.push(
        emptyDir ? { name, mountPath: '/dev/shm' } : { name, mountPath: path ?? '', ...(readOnly && { readOnly }) },
      );
    }
    const script = scriptOf(container, index, services);
    return {
      name: container.runFlux ? (services ? `${metadata.name}-services` : metadata.name) : (container.name ?? ''),
      image: container.image,
      ...(script !== undefined && { command: ['/bin/bash', `/flux_operator/${script}`] }),
      imagePullPolicy: container.pullAlways ? 'Always' : container.imagePullPolicy || 'IfNotPresent',
      ...(container.workingDir && { workingDir: container.workingDir }),
      volumeMounts: [...all],
      stdin: true,
      tty: true,
      lifecycle: lifecycleOf(container),
      resources: container.resources ?? {},
      securityContext: container.securityContext ?? {},
      ports: (container.ports ?? []).map((port) => ({ containerPort: port, protocol: 'TCP' })),
      env: environmentOf(container),
    };
  });
}

function scriptOf(container: Container, index: number, services: boolean): string | undefined {
  if (container.runFlux) return `wait-${index}.sh`;
  return isWrapped(container) && !services ? `start-${index}.sh` : undefined;
}

function lifecycleOf({ lifeCycle = {} }: Container): object {
  const { postStartExec, preStopExec } = lifeCycle;
  return {
    ...(postStartExec && { postStart: { exec: { command: [postStartExec] } } }),
    ...(preStopExec && { preStop: { exec: { command: [preStopExec] } } }),
  };
}

function environmentOf({ environment = {}, secrets = {} }: Container): object[] {
  return [
    ...Object.entries(environment).map(([name, value]) => ({ name, value })),
    ...Object.entries(secrets).map(([name, secretKeyRef]) => ({ name, valueFrom: { secretKeyRef } })),
  ];
}
