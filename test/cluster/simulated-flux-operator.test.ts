// MiniClusters as they are, without a step of ours: what holds of the real Flux Operator must hold of the simulated one.
import { afterEach, beforeAll, describe, expect, vi } from 'vitest';
import { referenceOf } from '../../images/recipe.ts';
import { type KubernetesObject, type ResourceType, resources } from '../../src/engines/kubernetes/client/object.ts';
import { conditionsOf } from '../../src/engines/kubernetes/kueue/condition.ts';
import { appsImage, clusterTest, podOf, testKubeconfig } from './cluster.ts';
import { useEnginePlace } from './engine/place.ts';

const place = useEnginePlace('miniclusters');

const miniClusters: ResourceType = {
  group: 'flux-framework.org',
  version: 'v1alpha2',
  kind: 'MiniCluster',
  plural: 'miniclusters',
  namespaced: true,
};
const image = referenceOf('flux');
const patienceMs = 150_000;
const timeoutMs = 180_000;
const little = { requests: { cpu: '500m', memory: '64Mi' } };

/** The script runs once, on pod 0. The other container tells by its log what the script has left. */
const scripts = {
  step: [
    'flux run -N 2 -o mpi=none hostname > /mnt/flux/out',
    'code=0; flux run -o mpi=none sh -c "exit 3" || code=$?',
    'echo $code > /mnt/flux/code.new && mv /mnt/flux/code.new /mnt/flux/code',
  ],
  agent: [
    '[ "$JOB_COMPLETION_INDEX" = 0 ] || exit 0',
    'until [ -e /mnt/flux/code ]; do sleep 0.05; done',
    'cat /mnt/flux/out /mnt/flux/code',
  ],
  fail: ['exit 3'],
  mpi: [
    `flux run -N 2 python3 -c 'from mpi4py import MPI; w = MPI.COMM_WORLD; print(w.allreduce(w.rank), w.size, MPI.Get_processor_name())'`,
  ],
  lammps: [
    'cd /tmp',
    `printf '%s\\n' 'units lj' 'region r block 0 1 0 1 0 4' 'create_box 1 r' 'mass 1 1.0' 'run 0' > in.tiny`,
    'flux run -N 2 lmp -in in.tiny -log none',
  ],
} as const;

beforeAll(async () => {
  if (testKubeconfig === undefined) return;
  const data = Object.fromEntries(Object.entries(scripts).map(([name, lines]) => [name, `${lines.join('\n')}\n`]));
  await place().client.create(resources.configMaps, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'scripts' },
    data,
  });
});

afterEach(async () => {
  if (testKubeconfig === undefined) return;
  const { client } = place();
  for (const { metadata } of (await client.list(miniClusters)).items) await client.remove(miniClusters, metadata.name);
});

const volumes = { scripts: { configMapName: 'scripts', path: '/scripts' } };

function runner(script: keyof typeof scripts, more: object = {}) {
  return {
    image,
    runFlux: true,
    launcher: true,
    command: `bash /scripts/${script}`,
    volumes,
    resources: little,
    ...more,
  };
}

const agent = { name: 'agent', image, command: 'bash /scripts/agent', resources: little };

async function create(name: string, spec: object): Promise<void> {
  await place().client.create(miniClusters, {
    apiVersion: 'flux-framework.org/v1alpha2',
    kind: 'MiniCluster',
    metadata: { name },
    spec: {
      size: 2,
      tasks: 2,
      jobLabels: { 'kueue.x-k8s.io/queue-name': 'main' },
      backoffLimit: 1,
      deadlineSeconds: 600,
      shareProcessNamespace: true,
      network: { headlessName: name },
      logging: { strict: true, quiet: true },
      flux: { noWaitSocket: true, optionFlags: '-o cpu-affinity=off', container: { disable: true, image } },
      pod: { restartPolicy: 'Never' },
      ...spec,
    },
  });
}

async function podsOf(name: string): Promise<readonly KubernetesObject[]> {
  const { items } = await place().client.list(resources.pods, { labelSelector: `job-name=${name}` });
  return items;
}

async function jobEnds(name: string): Promise<string | undefined> {
  return vi.waitFor(async () => {
    const job = await place().client.get(resources.jobs, name);
    const end = conditionsOf(job?.status).find(
      ({ type, status }) => /^(Complete|Failed)$/.test(type) && status === 'True',
    );
    if (end === undefined)
      throw new Error(`${name} has not ended: ${JSON.stringify(job?.status)}\n${await logOf(name)}`);
    return end.type;
  }, patienceMs);
}

/** Of pod 0. Lines of a terminal end with CR LF. */
async function logOf(name: string, container = name): Promise<string> {
  const pods = await podsOf(name);
  const lead = pods.find(({ metadata }) => metadata.name.startsWith(`${name}-0-`));
  if (lead === undefined) return 'no pod';
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of place().client.logs(lead.metadata.name, { container })) chunks.push(chunk);
  } catch (error) {
    return String(error);
  }
  return Buffer.concat(chunks).toString().replaceAll('\r', '');
}

describe('a MiniCluster in a queue', () => {
  clusterTest(
    'runs once, on pods of its own; the exit code goes by file, and the Job is complete',
    async () => {
      await create('step', { containers: [runner('step'), agent] });
      expect(await jobEnds('step')).toBe('Complete');
      const log = (await logOf('step', 'agent')).trim().split('\n');
      expect(log.slice(-3).toSorted()).toEqual(['3', 'step-0', 'step-1']);
      const { client } = place();
      const job = await client.get(resources.jobs, 'step');
      expect(job?.metadata.labels).toMatchObject({ 'kueue.x-k8s.io/queue-name': 'main' });
      expect(job?.status).not.toHaveProperty('failed');
      const { items } = await client.list(resources.workloads);
      const workload = items.find(({ metadata }) => metadata.ownerReferences?.some(({ name }) => name === 'step'));
      expect(conditionsOf(workload?.status).find(({ type }) => type === 'Finished')).toMatchObject({ status: 'True' });
      const cluster = await client.get(miniClusters, 'step');
      const states = conditionsOf(cluster?.status).map(({ type, status }) => `${type} ${status}`);
      expect(states).toContain('JobMiniClusterReady True');
      expect(states).toContain('JobFinished False');
      expect(cluster?.status).toMatchObject({ size: 0, maximumSize: 2, selector: 'hpa-selector=step' });
    },
    timeoutMs,
  );

  clusterTest(
    'that fails without retries of pods hangs: its first pod comes back, its second one does not',
    async () => {
      await create('hang', { containers: [runner('fail')] });
      await vi.waitFor(async () => {
        const pods = await podsOf('hang');
        const phases = pods.map(({ metadata, status }) => `${metadata.name.slice(0, 6)} ${String(status?.['phase'])}`);
        expect(phases.toSorted()).toEqual(['hang-0 Failed', 'hang-0 Running', 'hang-1 Succeeded']);
      }, patienceMs);
      const job = await place().client.get(resources.jobs, 'hang');
      expect(job?.status).toMatchObject({ failed: 1, active: 1, succeeded: 1 });
      expect(conditionsOf(job?.status).some(({ type }) => type === 'Failed' || type === 'Complete')).toBe(false);
    },
    timeoutMs,
  );

  clusterTest(
    'that is not strict is complete whatever happens',
    async () => {
      await create('lax', { logging: { quiet: true }, containers: [runner('fail')] });
      expect(await jobEnds('lax')).toBe('Complete');
    },
    timeoutMs,
  );

  clusterTest(
    'runs beside another one, each with a name for its pods',
    async () => {
      await Promise.all(['one', 'two'].map((name) => create(name, { containers: [runner('step'), agent] })));
      expect(await Promise.all(['one', 'two'].map(jobEnds))).toEqual(['Complete', 'Complete']);
      for (const name of ['one', 'two']) expect(await logOf(name, 'agent')).toContain(`${name}-1\n`);
    },
    timeoutMs,
  );
});

describe('traps', () => {
  clusterTest(
    'a ConfigMap whose key is not its name: no Job',
    async () => {
      const renamed = { script: { configMapName: 'scripts', path: '/scripts' } };
      await create('renamed', { containers: [runner('step', { volumes: renamed })] });
      const { client } = place();
      await vi.waitFor(async () => {
        expect(await client.get(resources.configMaps, 'renamed-entrypoint')).toBeDefined();
        expect((await client.list(resources.pods)).items.filter(({ metadata }) => metadata.name === 'renamed')).toEqual(
          [],
        );
      }, patienceMs);
      expect(await client.get(resources.jobs, 'renamed')).toBeUndefined();
    },
    timeoutMs,
  );

  clusterTest(
    "everybody's pods of the namespace are labelled",
    async () => {
      const { client } = place();
      const pod = podOf('some-body', 'true', appsImage);
      await client.create(resources.pods, { ...pod, metadata: { ...pod.metadata, labels: { of: 'another' } } });
      await create('labels', { containers: [runner('step'), agent] });
      await vi.waitFor(async () => {
        const found = await client.get(resources.pods, 'some-body');
        expect(found?.metadata.labels).toMatchObject({ 'job-index': 'some' });
      }, patienceMs);
      await client.remove(resources.pods, 'some-body');
    },
    timeoutMs,
  );
});

describe('MPI', () => {
  clusterTest(
    'Open MPI of an image with Flux, over two pods',
    async () => {
      await create('openmpi', { containers: [runner('mpi')] });
      expect(await jobEnds('openmpi')).toBe('Complete');
      const lines = (await logOf('openmpi'))
        .trim()
        .split('\n')
        .filter((line) => line.includes('openmpi-'));
      expect(lines.toSorted()).toEqual(['1 2 openmpi-0', '1 2 openmpi-1']);
    },
    timeoutMs,
  );

  clusterTest(
    'MPICH of an image that knows nothing of Flux, with a view',
    async () => {
      await create('mpich', {
        // Strict, it would end at the Python that the view does not have.
        logging: { quiet: true },
        flux: { noWaitSocket: true, container: { image: referenceOf('flux-view') } },
        containers: [runner('lammps', { image: referenceOf('lammps') })],
      });
      expect(await jobEnds('mpich')).toBe('Complete');
      expect(await logOf('mpich')).toContain('1 by 1 by 2 MPI processor grid');
    },
    timeoutMs,
  );
});
