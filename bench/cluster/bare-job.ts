import type { ClusterClient } from '../../src/engines/kubernetes/client/cluster-client.ts';
import { type KubernetesObject, resources } from '../../src/engines/kubernetes/client/object.ts';
import { jobStatus } from '../../src/engines/kubernetes/kinds/job/status.ts';
import { testbed } from './testbed.ts';
import { type Phase, phases, type Timed } from './timed.ts';

/**
 * A Job with a queue label and nothing else of ours, from its POST to its condition Complete, by watches that were there before.
 * Its states are named as those of a step: queued until it is resumed, admitted until it has a pod, starting until its container
 * runs, running until that has ended, committing until the Job says so.
 */
export async function timeBareJob(client: ClusterClient, name: string, command: string): Promise<Timed> {
  const done = Promise.withResolvers<void>();
  const marks = new Map<Phase, number>();
  const reach = (phase: Phase, is: boolean): void => {
    if (is && !marks.has(phase)) marks.set(phase, performance.now());
  };
  const jobs = client.reflect(resources.jobs, {
    fieldSelector: `metadata.name=${name}`,
    changed: (job) => {
      reach('admitted', job.spec?.['suspend'] === false);
      const { end } = jobStatus(job);
      if (end?.kind === 'complete') done.resolve();
      if (end?.kind === 'failed') done.reject(new Error(`${name}: ${end.reason}: ${end.message}`));
    },
    gone: () => done.reject(new Error(`${name} has been deleted`)),
  });
  const pods = client.reflect(resources.pods, {
    labelSelector: `batch.kubernetes.io/job-name=${name}`,
    changed: (pod) => {
      const state = JSON.stringify(pod.status?.['containerStatuses'] ?? []);
      reach('starting', true);
      reach('running', /"(?:running|terminated)":\{/.test(state));
      reach('committing', state.includes('"terminated":{'));
    },
    gone: () => undefined,
  });
  try {
    await Promise.all([jobs.synced, pods.synced]);
    marks.set('queued', performance.now());
    await client.create(resources.jobs, bareJob(name, command));
    await done.promise;
    return timedBy(marks, performance.now());
  } finally {
    jobs.close();
    pods.close();
    await client.remove(resources.jobs, name);
  }
}

function timedBy(marks: ReadonlyMap<Phase, number>, endMs: number): Timed {
  const reached = phases.flatMap((phase) => {
    const atMs = marks.get(phase);
    return atMs === undefined ? [] : [[phase, atMs] as const];
  });
  const lasted = reached.map(([phase, atMs], index) => [phase, (reached[index + 1]?.[1] ?? endMs) - atMs] as const);
  return { wallMs: endMs - (marks.get('queued') ?? endMs), lasted };
}

/** Suspended, as Kueue wants it. */
export function bareJob(name: string, command: string, change: BareJobChange = {}): KubernetesObject {
  const { queue = 'main', cpu = '1', memory = '64Mi' } = change;
  const container = {
    name: 'main',
    image: testbed.image,
    command: ['sh', '-c', command],
    resources: { requests: { cpu, memory }, limits: { memory } },
  };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, labels: { 'kueue.x-k8s.io/queue-name': queue } },
    spec: {
      suspend: true,
      backoffLimit: 0,
      template: { spec: { restartPolicy: 'Never', containers: [container], terminationGracePeriodSeconds: 1 } },
    },
  };
}

export interface BareJobChange {
  readonly queue?: string;
  readonly cpu?: string;
  readonly memory?: string;
}
