// MPI steps on several nodes, as MPIJobs: Open MPI 4 of Debian, real ssh between real pods.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, vi } from 'vitest';
import { referenceOf } from '../../../images/recipe.ts';
import type { MpiRequest } from '../../../src/domain/resources.ts';
import { type KubernetesObject, resources } from '../../../src/engines/kubernetes/client/object.ts';
import { isRecord } from '../../../src/engines/kubernetes/kueue/condition.ts';
import { annotationKeys } from '../../../src/engines/kubernetes/labels.ts';
import type { WorkOrder } from '../../../src/ports/engine.ts';
import { appsImage } from '../cluster.ts';
import { ClusterHarness, type Failed, faultTest, type OrderChange } from '../engine/harness.ts';
import { useEnginePlace } from '../engine/place.ts';

const place = useEnginePlace('mpijob', {
  small: { cpu: '1', memory: '4Gi' },
  // Of one case each, which sees that it is empty at the end.
  happy: { cpu: '2', memory: '4Gi' },
  failing: { cpu: '2', memory: '4Gi' },
  cancelling: { cpu: '2', memory: '4Gi' },
});

interface MpiChange extends OrderChange {
  readonly mpi?: Partial<MpiRequest>;
}

function order(harness: ClusterHarness, command: string, { mpi, request, ...change }: MpiChange = {}): WorkOrder {
  return harness.order(command, {
    kind: 'mpijob',
    container: referenceOf('mpi'),
    request: { mpi: { command: 'mpirun', tasks: 2, nodes: 2, ...mpi }, ...request },
    ...change,
  });
}

/** Prints, from each rank, its number and what `words` say in Python. */
function ranks(words: string, tasks = 2): string {
  const program = `import os; from mpi4py import MPI; world = MPI.COMM_WORLD; rank = world.Get_rank(); ${words}`;
  return `mpirun -n ${tasks} python3 -c '${program}'`;
}

const where = 'print(rank, world.Get_size(), os.uname().nodename, os.getcwd(), os.environ.get("GREETING"), flush=True)';

async function podsOf(id: string): Promise<readonly KubernetesObject[]> {
  const { items } = await place().client.list(resources.pods);
  return items.filter(({ metadata }) => metadata.annotations?.[annotationKeys.step] === id);
}

/** Nothing is reserved in a queue any more. */
async function quotaIsFree(queue: string): Promise<void> {
  await vi.waitFor(async () => {
    const found = await place().client.get(resources.clusterQueues, place().clusterQueueOf(queue));
    const flavors = found?.status?.['flavorsReservation'];
    const totals = (Array.isArray(flavors) ? flavors.filter(isRecord) : []).flatMap(({ resources: amounts }) =>
      (Array.isArray(amounts) ? amounts.filter(isRecord) : []).map(({ total }) => String(total)),
    );
    expect(totals).toEqual(totals.map(() => '0'));
    expect(totals.length).toBeGreaterThan(0);
  }, 30_000);
}

faultTest('four ranks on two pods, each where it belongs', async () => {
  await using harness = await ClusterHarness.open(place());
  const id = harness.launch(
    order(harness, ranks(where, 4), { mpi: { tasks: 4 }, queue: 'happy', env: { GREETING: "it's $HOME" } }),
  );
  expect((await harness.end(id)).state, `${harness.story(id)}${await harness.log(id, 'stderr')}`).toBe('succeeded');
  const lines = (await harness.log(id)).trim().split('\n').sort();
  const [, , launcher = ''] = lines[0]?.split(' ') ?? [];
  expect(launcher).toMatch(/^fault-[0-9a-f]{16}-a1-g1-launcher$/);
  const worker = launcher.replace(/launcher$/, 'worker-0');
  expect(lines).toEqual(
    [launcher, launcher, worker, worker].map((host, rank) => `${rank} 4 ${host} /konverge/work it's $HOME`),
  );
  expect(await harness.log(id, 'stderr')).toBe('');
  const states = harness.statesOf(id).filter((state) => state !== 'queued' && state !== 'admitted');
  expect(states).toEqual(['starting', 'running', 'succeeded']);
  await harness.nothingLeft([id]);
  await quotaIsFree('happy');
});

faultTest('its exit code is that of mpirun, whichever rank it is of', async () => {
  await using harness = await ClusterHarness.open(place());
  const wanted = order(harness, ranks('raise SystemExit(3 * rank)'), { queue: 'failing' });
  const failure = await harness.failure(wanted);
  expect(failure).toMatchObject({ class: 'user', exitCode: 3 });
  await harness.nothingLeft([wanted.id]);
  await quotaIsFree('failing');
});

faultTest('an image without sshd, and one without the launcher, are named with the remedy', async () => {
  await using harness = await ClusterHarness.open(place());
  const [bare, foreign] = await Promise.all([
    harness.failure(order(harness, 'true', { container: appsImage, mpi: { command: 'bash' } })),
    harness.failure(order(harness, 'aprun true', { mpi: { command: 'aprun -n 2' } })),
  ]);
  expect(bare).toMatchObject({ class: 'image', code: 'image-unfit' });
  expect(bare.message).toMatch(
    /^(worker-0: )?the image has no sshd?, .*: install openssh-client and openssh-server in the image$/,
  );
  expect(foreign).toMatchObject({ class: 'image', code: 'image-unfit' });
  expect(foreign.message).toMatch(/^the image has no aprun, which/);
});

faultTest('a workflow that says srun gets the mpirun of its image, and launchers may have options', async () => {
  await using harness = await ClusterHarness.open(place());
  const program = ranks('print(rank, world.Get_size(), flush=True)').replace(/^mpirun -n 2 /, '');
  const outputs = await Promise.all(
    [
      { command: 'srun --mpi=pmix', words: 'srun --mpi=pmix -N 2 --ntasks=2 --cpus-per-task=1' },
      { command: 'mpirun --bind-to none', words: 'mpirun --bind-to none -n 2' },
    ].map(async ({ command, words }) => {
      const id = harness.launch(order(harness, `${words} ${program}`, { mpi: { command } }));
      expect((await harness.end(id)).state, `${harness.story(id)}${await harness.log(id, 'stderr')}`).toBe('succeeded');
      return [(await harness.log(id)).trim().split('\n').sort(), await harness.log(id, 'stderr')];
    }),
  );
  const said = 'konverge: the image has no srun: its mpirun starts the ranks in place of it\n';
  expect(outputs).toEqual([
    [['0 2', '1 2'], said],
    [['0 2', '1 2'], ''],
  ]);
});

faultTest('a launcher that ignores the other pods has not succeeded', async () => {
  await using harness = await ClusterHarness.open(place());
  const path = '/opt/openmpi/bin:/usr/bin:/bin';
  const [alone, newer, abroad] = await Promise.all([
    harness.failure(
      order(harness, ranks(where).replace('mpirun', 'env -u OMPI_MCA_orte_default_hostfile mpirun --oversubscribe')),
    ),
    harness.failure(
      order(harness, ranks(where).replace('mpirun', 'env -u PRTE_MCA_prte_default_hostfile mpirun --oversubscribe'), {
        container: referenceOf('mpis'),
        env: { PATH: path },
      }),
    ),
    // What another step of the command does beside it is its own affair.
    harness.run(order(harness, `${ranks(where)}; mpirun -n 1 true`)),
  ]);
  for (const failure of [alone, newer]) {
    expect(failure).toMatchObject({ class: 'user', code: 'ranks-misplaced' });
    expect(failure.message).toBe("the launcher has used none of the step's other pods: all of its ranks ran in one");
  }
  expect(abroad.state).toBe('succeeded');
});

faultTest('a rank in another pod that is killed for want of memory', async () => {
  await using harness = await ClusterHarness.open(place());
  const eat = 'world.Barrier(); data = bytearray(rank * 400 * 2**20); world.Barrier()';
  const memoryBytes = { value: 400 * 2 ** 20, stated: true };
  const failure = await harness.failure(order(harness, ranks(eat), { request: { memoryBytes } }));
  expect(failure).toMatchObject({ class: 'out-of-memory' });
  expect(failure.message).toMatch(/^worker-0: it used more than its memory limit of 200Mi, and the kernel killed /);
});

faultTest('another pod that is deleted by hand, or evicted, while it runs', async () => {
  await using harness = await ClusterHarness.open(place());
  const take = async (how: (pod: string) => Promise<unknown>): Promise<Failed['failure']> => {
    const id = harness.launch(order(harness, ranks('import time; time.sleep(60)')));
    await harness.says(id, 'running');
    const worker = (await podsOf(id)).find(({ metadata }) => metadata.name.endsWith('-worker-0'));
    await how(worker?.metadata.name ?? '');
    return (await harness.failed(id)).failure;
  };
  const [deleted, evicted] = await Promise.all([
    take((pod) => place().client.remove(resources.pods, pod)),
    take(evict),
  ]);
  const lost = { class: 'lost', code: 'workload-lost' };
  expect(deleted).toMatchObject({ ...lost, message: 'the pod of its worker-0 was deleted by somebody' });
  expect(evicted).toMatchObject({
    ...lost,
    message: 'worker-0: its pod was ended on node testbed: its node is being emptied',
  });
});

/** As `kubectl drain` does it. */
async function evict(pod: string): Promise<void> {
  const { kubeconfig, namespace } = place();
  const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: pod, namespace } };
  const path = `/api/v1/namespaces/${namespace}/pods/${pod}/eviction`;
  const kubectl = process.env['KONVERGE_TEST_KUBECTL'] ?? 'kubectl';
  const done = promisify(execFile)(kubectl, ['--kubeconfig', kubeconfig, 'create', '--raw', path, '-f', '-']);
  done.child.stdin?.end(JSON.stringify(eviction));
  await done;
}

faultTest('its runtime ends it', async () => {
  await using harness = await ClusterHarness.open(place());
  const request = { runtimeMs: { value: 6000, stated: true } };
  expect(await harness.failure(order(harness, ranks('import time; time.sleep(60)'), { request }))).toMatchObject({
    class: 'timeout',
    message: 'it ran longer than its runtime of 6 s and was ended',
  });
});

faultTest('cancelled while it starts, and while it runs', async () => {
  await using harness = await ClusterHarness.open(place());
  const sleeping = ranks('import time; time.sleep(60)');
  const starting = harness.launch(
    order(harness, sleeping, { queue: 'cancelling', container: 'docker.io/konverge/absent:dev' }),
  );
  const running = harness.launch(order(harness, sleeping, { queue: 'cancelling' }));
  await harness.says(starting, 'starting', 'worker-0: its image');
  await harness.says(running, 'running');
  harness.engine.cancel([starting, running]);
  for (const id of [starting, running]) {
    expect(await harness.failed(id)).toMatchObject({ state: 'cancelled', failure: { class: 'cancelled' } });
  }
  await harness.nothingLeft([starting, running]);
  await quotaIsFree('cancelling');
});

faultTest('preempted while it runs, it starts again, and both end well', async () => {
  await using harness = await ClusterHarness.open(place());
  const { low, high } = place();
  const half = { cpuMillis: 400 };
  const preempted = harness.launch(
    order(harness, ranks('import time; time.sleep(8); print(rank)'), {
      queue: 'small',
      priorityClass: low,
      request: half,
    }),
  );
  await harness.says(preempted, 'running');
  const winner = harness.launch(order(harness, ranks(where), { queue: 'small', priorityClass: high, request: half }));
  expect((await harness.end(winner)).state, harness.story(winner)).toBe('succeeded');
  expect((await harness.end(preempted)).state, harness.story(preempted)).toBe('succeeded');
  expect(harness.story(preempted)).toMatch(/running: .*queued: .*running: /);
  await quotaIsFree('small');
});

/** mpirun and ranks of an MPI of its own folder. */
async function everywhere(harness: ClusterHarness, folder: string, change: MpiChange = {}): Promise<readonly string[]> {
  const path = `${folder}/bin:/usr/local/bin:/usr/bin:/bin`;
  const wanted = order(harness, ranks('print(rank, os.uname().nodename, flush=True)', 3), {
    container: referenceOf('mpis'),
    env: { PATH: path, I_MPI_ROOT: folder, LD_LIBRARY_PATH: `${folder}/lib` },
    mpi: { tasks: 3, nodes: 3 },
    ...change,
  });
  const id = harness.launch(wanted);
  expect((await harness.end(id)).state, `${harness.story(id)}${await harness.log(id, 'stderr')}`).toBe('succeeded');
  const lines = (await harness.log(id)).trim().split('\n').sort();
  return lines.map((line) => line.replace(/ \S+-a1-g1-/, ' '));
}

const spread = ['0 launcher', '1 worker-0', '2 worker-1'];

faultTest('Open MPI 5, on three pods', async () => {
  await using harness = await ClusterHarness.open(place());
  expect(await everywhere(harness, '/opt/openmpi')).toEqual(spread);
});

faultTest('Intel MPI, on three pods', async () => {
  await using harness = await ClusterHarness.open(place());
  expect(await everywhere(harness, '/opt/intel')).toEqual(spread);
});

faultTest('as root, Open MPI 4 on three pods', async () => {
  await using harness = await ClusterHarness.open(place(), {
    settings: { runAs: { uid: 0, gid: 0 }, security: 'baseline' },
  });
  const rule = 'a rule with a name that is longer than what a label could hold, far longer in fact';
  expect(await everywhere(harness, '/usr', { container: referenceOf('mpi'), rule })).toEqual(spread);
});

faultTest('on one node, as a Job and as an MPIJob', async () => {
  await using harness = await ClusterHarness.open(place());
  const mpi = { tasks: 2, nodes: 1 };
  for (const kind of ['job', 'mpijob'] as const) {
    const id = harness.launch(order(harness, ranks('print(rank)'), { kind, mpi }));
    expect((await harness.end(id)).state, `${harness.story(id)}${await harness.log(id, 'stderr')}`).toBe('succeeded');
    expect((await harness.log(id)).trim().split('\n').sort()).toEqual(['0', '1']);
  }
});
