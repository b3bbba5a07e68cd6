import type { ClusterClient } from '../../src/engines/kubernetes/client/cluster-client.ts';
import { type KubernetesObject, resources } from '../../src/engines/kubernetes/client/object.ts';
import { openClusterClient } from '../../src/engines/kubernetes/client/open-client.ts';
import { jobStatus } from '../../src/engines/kubernetes/kinds/job/status.ts';
import { systemClock } from '../../src/ports/clock.ts';
import { silentLogger } from '../../src/ports/logger.ts';
import { testbed } from './testbed.ts';

export function openTestbed(): Promise<ClusterClient> {
  const { kubeconfig, namespace } = testbed;
  return openClusterClient({
    kubeconfig,
    namespace,
    userAgent: 'konverge-bench',
    fieldManager: 'konverge-bench',
    logger: silentLogger,
    clock: systemClock,
  });
}

/** Milliseconds from the POST of a Job with a queue label and nothing else of ours to its condition Complete. */
export async function bareJobMs(client: ClusterClient, name: string, command: string): Promise<number> {
  const done = Promise.withResolvers<void>();
  const watch = client.reflect(resources.jobs, {
    fieldSelector: `metadata.name=${name}`,
    changed: (job) => {
      const { end } = jobStatus(job);
      if (end?.kind === 'complete') done.resolve();
      if (end?.kind === 'failed') done.reject(new Error(`${name}: ${end.reason}: ${end.message}`));
    },
    gone: () => done.reject(new Error(`${name} has been deleted`)),
  });
  try {
    await watch.synced;
    const beginMs = performance.now();
    await client.create(resources.jobs, bareJob(name, command));
    await done.promise;
    return performance.now() - beginMs;
  } finally {
    watch.close();
    await client.remove(resources.jobs, name);
  }
}

function bareJob(name: string, command: string): KubernetesObject {
  const container = {
    name: 'main',
    image: testbed.image,
    command: ['sh', '-c', command],
    resources: { requests: { cpu: '1', memory: '64Mi' }, limits: { memory: '64Mi' } },
  };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, labels: { 'kueue.x-k8s.io/queue-name': testbed.queue } },
    spec: {
      suspend: true,
      backoffLimit: 0,
      template: { spec: { restartPolicy: 'Never', containers: [container], terminationGracePeriodSeconds: 1 } },
    },
  };
}
