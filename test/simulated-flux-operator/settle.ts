import {
  type Bursting,
  type Container,
  type Flux,
  type MiniCluster,
  type MiniClusterSpec,
  type Pod,
  type Volume,
  volumesOf,
} from './minicluster.ts';

/** A MiniCluster with the defaults that the controller itself fills in, beyond those of the definition. */
export interface SettledCluster extends MiniCluster {
  readonly spec: SettledSpec;
  /** For its status. */
  readonly maximumSize: number;
}

export interface SettledSpec extends MiniClusterSpec {
  readonly size: number;
  readonly maxSize: number;
  readonly tasks: number;
  readonly headlessName: string;
  readonly flux: Flux & { readonly queuePolicy: string; readonly view: View; readonly bursting: Bursting };
  readonly pod: Pod;
}

/** The container that brings Flux, as volumes and mounts need it. */
export interface View {
  readonly name: string;
  readonly image: string;
  readonly mountPath: string;
  readonly disable: boolean;
}

export type Settled = { readonly cluster: SettledCluster } | { readonly complaints: readonly string[] };

/** What is wrong is only ever written to the log of the operator: no event, no condition. */
export function settle(cluster: MiniCluster): Settled {
  const complaint = firstComplaint(cluster);
  if (complaint !== undefined) return { complaints: [complaint] };
  const { spec, metadata, status } = cluster;
  const { size = 0, tasks = 0, maxSize = 0, network, flux = {} } = spec;
  const { name, image, mountPath, disable } = flux.container ?? {};
  const settled: SettledSpec = {
    ...spec,
    size,
    tasks,
    maxSize: maxSize || size,
    containers: withRunner(spec.containers),
    headlessName: network?.headlessName || metadata.name,
    pod: spec.pod ?? {},
    flux: {
      ...flux,
      queuePolicy: flux.scheduler?.queuePolicy || 'fcfs',
      bursting: flux.bursting ?? {},
      view: {
        name: name || 'flux-view',
        image: image || 'ghcr.io/converged-computing/flux-view-ubuntu:tag-noble',
        mountPath: mountPath || '/mnt/flux',
        disable: disable ?? false,
      },
    },
  };
  return { cluster: { ...cluster, spec: settled, maximumSize: status?.maximumSize || Math.max(size, maxSize) } };
}

/** A single container need not say that it runs Flux. */
function withRunner(containers: readonly Container[]): readonly Container[] {
  return containers.length === 1 ? containers.map((container) => ({ ...container, runFlux: true })) : containers;
}

function firstComplaint({ spec }: MiniCluster): string | undefined {
  const { size = 0, maxSize = 0, minSize = 0, backoffLimit = 0, services = [], flux } = spec;
  if (size === 0) return 'size is 0';
  if (maxSize !== 0 && maxSize < size) return 'maxSize is less than size';
  if (backoffLimit < 0) return 'backoffLimit is negative';
  if (minSize !== 0 && maxSize !== 0 && minSize > maxSize) return 'minSize is greater than maxSize';
  if (minSize > size) return 'minSize is greater than size';
  for (const { name, commands = {} } of services) {
    if (!name) return 'a service has no name';
    if (commands.pre || commands.brokerPre || commands.workerPre) return `service ${name} has commands`;
  }
  if (flux?.bursting?.hostlist && (flux.bursting.clusters ?? []).length > 0) return 'both a hostlist and clusters';
  const containers = withRunner(spec.containers);
  return (
    containers.map(complaintOfContainer).find((words) => words !== undefined) ??
    Object.entries(volumesOf(containers))
      .map(complaintOfVolume)
      .find((words) => words !== undefined) ??
    Object.entries(volumesOf(services))
      .map(complaintOfVolume)
      .find((words) => words !== undefined) ??
    (containers.filter(({ runFlux }) => runFlux).length === 1 ? undefined : 'not exactly one container runs Flux')
  );
}

function complaintOfContainer(container: Container, index: number): string | undefined {
  const { launcher, batch, runFlux, name, command, commands } = container;
  if (launcher && batch) return `container ${index} is both launcher and batch`;
  if (!runFlux && !name) return `container ${index} has no name`;
  if (runFlux && command && commands?.script) return `container ${index} has both a command and a script`;
  return undefined;
}

function complaintOfVolume([key, volume]: [string, Volume]): string | undefined {
  const { secretName, configMapName, claimName, hostPath, path } = volume;
  if (secretName || configMapName || path) return undefined;
  return claimName || hostPath ? `volume ${key} has no path` : undefined;
}
