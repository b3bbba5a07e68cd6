import { afterAll, afterEach, beforeAll } from 'vitest';
import type { StepId } from '../../../src/domain/brand.ts';
import { type KubernetesObject, type ResourceType, resources } from '../../../src/engines/kubernetes/client/object.ts';
import { jobStatus } from '../../../src/engines/kubernetes/kinds/job/status.ts';
import { kueueLabels } from '../../../src/engines/kubernetes/kueue/labels.ts';
import { readWorkload } from '../../../src/engines/kubernetes/kueue/workload.ts';
import { phaseOf, type WorkloadPhase } from '../../../src/engines/kubernetes/kueue/workload-phase.ts';
import { observationOf } from '../../../src/engines/kubernetes/observe/observation-of.ts';
import type { Look, Memory } from '../../../src/engines/kubernetes/observe/step-objects.ts';
import { appsImage, type TestCluster, testKubeconfig, useCluster } from '../cluster.ts';

/** A queue of 1 cpu in a namespace of its own, with two priorities, and Jobs that are followed as the engine follows them. */
export interface Place extends TestCluster {
  /** LocalQueue, ClusterQueue and flavor. */
  readonly queue: string;
  readonly clusterQueue: string;
  readonly low: string;
  readonly high: string;
  /** A Job with a step's container; `cpu` of the queue's 1000m. It ends when told to by SIGTERM, with exit code 143. */
  readonly submit: (name: string, options?: JobOptions) => Promise<void>;
  /** Resolves with the first look at it that passes; rejects after `timeoutMs` with all that was said of it. */
  readonly until: (name: string, passes: (seen: Seen) => boolean, timeoutMs?: number) => Promise<Seen>;
  /** All that was said of it, as `state: words`, each once. */
  readonly said: (name: string) => readonly string[];
}

export interface JobOptions {
  readonly cpu?: string;
  readonly queue?: string;
  readonly priority?: string;
  readonly script?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly requests?: Readonly<Record<string, string>>;
}

export interface Seen {
  readonly phase: WorkloadPhase;
  readonly look: Look;
  /** Of the last observation: its state, and what it says. */
  readonly state: string | undefined;
  readonly words: string;
  readonly workload?: KubernetesObject;
}

interface Followed {
  job?: KubernetesObject;
  workload?: KubernetesObject;
  readonly pods: Map<string, { object: KubernetesObject; gone: boolean }>;
  memory: Memory;
  readonly said: string[];
}

/** What ends at once when it is told to, as PID 1. */
export const sleeps = "trap 'exit 143' TERM; sleep 300 & wait";

export function usePlace(label: string): () => Place {
  const cluster = useCluster(label);
  const made: { type: ResourceType; name: string }[] = [];
  let place: Place | undefined;
  const closes: (() => void)[] = [];

  beforeAll(async () => {
    if (testKubeconfig === undefined) return;
    const { client, namespace } = cluster();
    const own = { low: `${namespace}-low`, high: `${namespace}-high` };
    const create = async (type: ResourceType, name: string, body: object): Promise<void> => {
      await client.create(type, { apiVersion: 'kueue.x-k8s.io/v1beta2', kind: type.kind, metadata: { name }, ...body });
      if (!type.namespaced) made.push({ type, name });
    };
    await create(resources.resourceFlavors, namespace, { spec: {} });
    await create(resources.clusterQueues, namespace, { spec: clusterQueueSpec(namespace) });
    await create(resources.localQueues, 'main', { spec: { clusterQueue: namespace } });
    await create(resources.priorityClasses, own.low, { value: 100 });
    await create(resources.priorityClasses, own.high, { value: 1000 });
    const followed = follow(cluster(), closes);
    place = { ...cluster(), ...own, queue: 'main', clusterQueue: namespace, ...followed };
  }, 60_000);

  // What a failed test left would be in the way of the next one.
  afterEach(async () => {
    await place?.client.removeAll(resources.jobs, { labelSelector: 'konverge-test' });
  });

  // Hooks run in reverse order: the namespace goes after these.
  afterAll(async () => {
    if (place === undefined) return;
    const { client } = place;
    await client.removeAll(resources.jobs, { labelSelector: 'konverge-test' });
    for (const close of closes) close();
    for (const { type, name } of made.reverse()) await client.remove(type, name);
  }, 60_000);

  return () => {
    if (place === undefined) throw new Error('only for tests that need a cluster: use clusterTest');
    return place;
  };
}

function clusterQueueSpec(flavor: string): object {
  return {
    namespaceSelector: {},
    preemption: { withinClusterQueue: 'LowerPriority' },
    resourceGroups: [
      {
        coveredResources: ['cpu', 'memory'],
        flavors: [
          {
            name: flavor,
            resources: [
              { name: 'cpu', nominalQuota: '1' },
              { name: 'memory', nominalQuota: '1Gi' },
            ],
          },
        ],
      },
    ],
  };
}

function follow({ client }: TestCluster, closes: (() => void)[]): Pick<Place, 'submit' | 'until' | 'said'> {
  const all = new Map<string, Followed>();
  const nameOfUid = new Map<string, string>();
  const listeners = new Set<(name: string, seen: Seen) => void>();

  function of(name: string): Followed {
    const known = all.get(name);
    if (known) return known;
    const followed: Followed = { pods: new Map(), memory: {}, said: [] };
    all.set(name, followed);
    return followed;
  }

  function tell(name: string): void {
    const seen = lookAt(of(name));
    for (const listener of listeners) listener(name, seen);
  }

  function change(
    type: ResourceType,
    nameOf: (object: KubernetesObject) => string | undefined,
    apply: (followed: Followed, object: KubernetesObject, gone: boolean) => void,
  ): void {
    const take = (object: KubernetesObject, gone: boolean): void => {
      const name = nameOf(object);
      if (name === undefined) return;
      apply(of(name), object, gone);
      tell(name);
    };
    const reflection = client.reflect(type, {
      changed: (object) => take(object, false),
      gone: (object) => take(object, true),
    });
    closes.push(() => reflection.close());
  }

  change(
    resources.jobs,
    ({ metadata }) => {
      nameOfUid.set(metadata.uid ?? '', metadata.name);
      return metadata.name;
    },
    (followed, object, gone) => {
      if (gone) delete followed.job;
      else followed.job = object;
    },
  );
  change(
    resources.workloads,
    // A Workload may be seen before its Job.
    ({ metadata }) => metadata.ownerReferences?.find(({ kind }) => kind === 'Job')?.name,
    (followed, object, gone) => {
      if (gone) delete followed.workload;
      else followed.workload = object;
    },
  );
  change(
    resources.pods,
    ({ metadata }) => metadata.labels?.['batch.kubernetes.io/job-name'],
    (followed, object, gone) => void followed.pods.set(object.metadata.uid ?? '', { object, gone }),
  );

  return {
    async submit(name, options = {}) {
      await client.create(resources.jobs, jobOf(name, options));
    },
    until(name, passes, timeoutMs = 45_000) {
      return new Promise((resolve, reject) => {
        const end = (): void => {
          clearTimeout(timer);
          listeners.delete(listener);
        };
        const timer = setTimeout(() => {
          end();
          const { said, workload } = of(name);
          reject(new Error(`${name}: ${said.join(' | ')}\n${JSON.stringify(workload?.status, null, 1)}`));
        }, timeoutMs);
        const listener = (changed: string, seen: Seen): void => {
          if (changed !== name || !passes(seen)) return;
          end();
          resolve(seen);
        };
        listeners.add(listener);
        if (of(name).job) listener(name, lookAt(of(name)));
      });
    },
    said: (name) => of(name).said,
  };
}

function lookAt(followed: Followed): Seen {
  const { job, workload, pods } = followed;
  const look = observationOf(
    {
      step: 'step' as StepId,
      ...(job && { object: job, status: jobStatus(job) }),
      isCancelled: false,
      ...(workload && { workload }),
      pods: [...pods.values()],
      others: [],
      podsAreFinal: false,
    },
    followed.memory,
    { imageTimeoutMs: 300_000 },
    Date.now(),
  );
  followed.memory = look.memory;
  let words = '';
  for (const observation of look.observations) {
    words = 'failure' in observation ? observation.failure.message : 'reason' in observation ? observation.reason : '';
    const line = `${observation.state}: ${words}`;
    if (followed.said.at(-1) !== line) followed.said.push(line);
  }
  const state = look.observations.at(-1)?.state;
  const phase = phaseOf(workload && readWorkload(workload));
  return { phase, look, state, words, ...(workload && { workload }) };
}

function jobOf(name: string, options: JobOptions): KubernetesObject {
  const { cpu = '600m', queue = 'main', priority, script = sleeps, labels, annotations, requests } = options;
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name,
      labels: {
        'konverge-test': 'kueue',
        [kueueLabels.queueName]: queue,
        ...(priority && { [kueueLabels.priorityClass]: priority }),
        ...labels,
      },
      ...(annotations && { annotations }),
    },
    spec: {
      suspend: true,
      backoffLimit: 0,
      template: {
        spec: {
          restartPolicy: 'Never',
          terminationGracePeriodSeconds: 5,
          automountServiceAccountToken: false,
          containers: [
            {
              name: 'step',
              image: appsImage,
              imagePullPolicy: 'IfNotPresent',
              command: ['/bin/sh', '-c', script],
              resources: { requests: { cpu, memory: '32Mi', ...requests }, limits: { memory: '64Mi', ...requests } },
            },
          ],
        },
      },
    },
  };
}
