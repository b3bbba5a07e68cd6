import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { KubernetesSettings } from '../../../src/domain/kubernetes-settings.ts';
import type { ClusterClient } from '../../../src/engines/kubernetes/client/cluster-client.ts';
import { type ResourceType, resources } from '../../../src/engines/kubernetes/client/object.ts';
import { openClusterClient } from '../../../src/engines/kubernetes/client/open-client.ts';
import { labelKeys, labelValue } from '../../../src/engines/kubernetes/labels.ts';
import { defaultLocalSettings, type QueueSettings } from '../../../src/engines/local/config.ts';
import { createEngineFactory } from '../../../src/engines/registry.ts';
import { systemClock } from '../../../src/ports/clock.ts';
import { silentLogger } from '../../../src/ports/logger.ts';
import type { Place, Subject } from './subject.ts';

/** Of an administrator of the testbed, whose one node is this machine: a step's pod sees the directory of its case. */
export const testKubeconfig = process.env['KONVERGE_TEST_KUBECONFIG'];

const namespaces: ResourceType = {
  group: '',
  version: 'v1',
  kind: 'Namespace',
  plural: 'namespaces',
  namespaced: false,
};
const patienceMs = 60_000;

export function kubernetesSubject(kubeconfig: string): Subject {
  return {
    name: 'kubernetes',
    unsupported: {
      'environment-of-caller': 'a pod has the environment of its image; the caller’s means nothing there',
      'shell-by-path':
        'the name of a shell counts, not where this machine has it; without it bash or sh of the image stands in',
      'unique-set-size': 'the kernel counts the memory of a pod’s control group, not what is unique to a process',
      'counts-anything': 'Kubernetes gives only what it has itself and what a device plugin offers as domain/name',
      'order-within-a-second': 'Kueue orders Workloads of one priority by their creation, in whole seconds',
      'every-byte-of-the-live-log':
        'the live log shows 500 lines a second at most, each with an end; storage keeps every byte (a staged step)',
      'gpu-devices': 'a device plugin of the node hands out gpus, and the testbed has none',
      'staging-by-core': 'the agent in the pod moves the files, whatever becomes of the core',
      podman: 'the container runtime of the node runs the image',
      mpirun: 'the image of these cases has no mpirun',
      'services-as-processes':
        'services are pods, in an image without Node: their ports, ends and recovery are in test/cluster/kinds/jobset.test.ts',
    },
    lack: () => undefined,
    concurrent: true,
    shortRuntimeMs: 20_000,
    manySteps: 10,
    image: { name: 'docker.io/konverge/busybox:dev', mark: '/bin/busybox' },
    prepare: (place) => prepare(kubeconfig, place),
    open({ directory }, host) {
      const options = { stateDir: join(directory, 'state'), workdir: directory, version: 'test' };
      const configuration = defaultLocalSettings;
      const kubernetes = settingsFor(kubeconfig, directory);
      return createEngineFactory('kubernetes', { ...options, configuration, kubernetes })(host);
    },
    urgent: ({ directory }) => ({ priorityClass: namespaceOf(directory) }),
    destroy: ({ directory }, step) =>
      withClient(kubeconfig, directory, async (client) => {
        await client.removeAll(resources.jobs, { labelSelector: `${labelKeys.step}=${labelValue(step)}` });
      }),
    // The client of S3 is large, and a process that hosts an engine needs none.
    stagingRig: async (place, onFinished) => (await import('./bucket-rig.ts')).bucketRig(place, onFinished),
  };
}

/** A second engine over the same directory, in whatever process, finds the same queues. */
function namespaceOf(directory: string): string {
  return `conformance-${createHash('sha256').update(directory).digest('hex').slice(0, 12)}`;
}

function settingsFor(kubeconfig: string, directory: string): KubernetesSettings {
  return {
    kubeconfig,
    namespace: namespaceOf(directory),
    defaultImage: 'docker.io/konverge/apps:dev',
    agentImage: 'docker.io/konverge/agent:dev',
    // The directory is whose who runs the tests.
    runAs: { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 },
    security: 'baseline',
    pullSecrets: [],
    volumes: [
      {
        name: 'place',
        mountPath: directory,
        readOnly: false,
        source: { hostPath: { path: directory, type: 'Directory' } },
      },
    ],
    imageTimeoutMs: 4000,
    logLimitBytes: 64 * 2 ** 20,
    graceMs: 4000,
  };
}

async function withClient(
  kubeconfig: string,
  directory: string,
  use: (client: ClusterClient) => Promise<void>,
): Promise<void> {
  const client = await openClusterClient({
    kubeconfig,
    namespace: namespaceOf(directory),
    userAgent: 'konverge/test (conformance)',
    fieldManager: 'konverge-test',
    logger: silentLogger,
    clock: systemClock,
  });
  try {
    await use(client);
  } finally {
    await client.close();
  }
}

async function prepare(kubeconfig: string, { directory, queues }: Place): Promise<() => Promise<void>> {
  const name = namespaceOf(directory);
  const clusterWide: { readonly type: ResourceType; readonly name: string }[] = [
    { type: resources.priorityClasses, name },
    ...queues.map((queue) => ({ type: resources.clusterQueues, name: `${name}-${queue.name}` })),
    { type: resources.resourceFlavors, name },
  ];
  await withClient(kubeconfig, directory, async (client) => {
    await client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    const create = async (type: ResourceType, object: string, body: object): Promise<void> => {
      const apiVersion = `${type.group}/${type.version}`;
      await client.create(type, { apiVersion, kind: type.kind, metadata: { name: object }, ...body });
    };
    await create(resources.resourceFlavors, name, { spec: {} });
    await create(resources.priorityClasses, name, { value: 5 });
    for (const queue of queues) {
      const clusterQueue = `${name}-${queue.name}`;
      await create(resources.clusterQueues, clusterQueue, { spec: clusterQueueSpec(name, queue) });
      await create(resources.localQueues, queue.name, { spec: { clusterQueue } });
    }
    for (const queue of queues) await isActive(client, queue.name);
  });
  return () =>
    withClient(kubeconfig, directory, async (client) => {
      await client.remove(namespaces, name);
      for (const { type, name: object } of clusterWide) await client.remove(type, object);
    });
}

function clusterQueueSpec(flavor: string, { cpuMillis = 0, memoryBytes = 0, custom }: QueueSettings): object {
  const quotas = [
    { name: 'cpu', nominalQuota: `${cpuMillis}m` },
    { name: 'memory', nominalQuota: String(memoryBytes) },
    ...Object.entries(custom).map(([name, amount]) => ({ name, nominalQuota: String(amount) })),
  ];
  return {
    namespaceSelector: {},
    resourceGroups: [
      { coveredResources: quotas.map(({ name }) => name), flavors: [{ name: flavor, resources: quotas }] },
    ],
  };
}

async function isActive(client: ClusterClient, queue: string): Promise<void> {
  for (const untilMs = Date.now() + patienceMs; ; await pause(20)) {
    const found = await client.get(resources.localQueues, queue);
    const conditions = (found?.status?.['conditions'] ?? []) as readonly { type: string; status: string }[];
    if (conditions.some(({ type, status }) => type === 'Active' && status === 'True')) return;
    if (Date.now() > untilMs) throw new Error(`LocalQueue ${queue} did not become active: ${JSON.stringify(found)}`);
  }
}
