// MPI steps on several nodes, as MPIJobs: Open MPI 4 of Debian, real ssh between real pods.
import { expect } from 'vitest';
import { referenceOf } from '../../../images/recipe.ts';
import type { MpiRequest } from '../../../src/domain/resources.ts';
import { resources } from '../../../src/engines/kubernetes/client/object.ts';
import type { WorkOrder } from '../../../src/ports/engine.ts';
import { appsImage } from '../cluster.ts';
import { ClusterHarness, type Failed, type OrderChange } from '../engine/harness.ts';
import { useEnginePlace } from '../engine/place.ts';
import { evict, kindTest, podsOf } from './kind-case.ts';

const place = useEnginePlace('mpijob');

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

kindTest(place, 'four ranks on two pods, each where it belongs', async (harness) => {
  const id = harness.launch(
    order(harness, `${ranks(where, 4)}; sleep 5`, { mpi: { tasks: 4 }, env: { GREETING: "it's $HOME" } }),
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
});

kindTest(place, 'its exit code is that of mpirun, whichever rank it is of', async (harness) => {
  const wanted = order(harness, ranks('raise SystemExit(3 * rank)'), {});
  const failure = await harness.failure(wanted);
  expect(failure).toMatchObject({ class: 'user', exitCode: 3 });
  await harness.nothingLeft([wanted.id]);
});

kindTest(place, 'an image without sshd, and one without the launcher, are named with the remedy', async (harness) => {
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

kindTest(
  place,
  'a workflow that says srun gets the mpirun of its image, and launchers may have options',
  async (harness) => {
    const program = ranks('print(rank, world.Get_size(), flush=True)').replace(/^mpirun -n 2 /, '');
    const outputs = await Promise.all(
      [
        { command: 'srun --mpi=pmix', words: 'srun --mpi=pmix -N 2 --ntasks=2 --cpus-per-task=1' },
        { command: 'mpirun --bind-to none', words: 'mpirun --bind-to none -n 2' },
      ].map(async ({ command, words }) => {
        const id = harness.launch(order(harness, `${words} ${program}`, { mpi: { command } }));
        expect((await harness.end(id)).state, `${harness.story(id)}${await harness.log(id, 'stderr')}`).toBe(
          'succeeded',
        );
        return [(await harness.log(id)).trim().split('\n').sort(), await harness.log(id, 'stderr')];
      }),
    );
    const said = 'konverge: the image has no srun: its mpirun starts the ranks in place of it\n';
    expect(outputs).toEqual([
      [['0 2', '1 2'], said],
      [['0 2', '1 2'], ''],
    ]);
  },
);

kindTest(place, 'a launcher that ignores the other pods has not succeeded', async (harness) => {
  const [alone, newer, abroad] = await Promise.all([
    harness.failure(
      order(harness, ranks(where).replace('mpirun', 'env -u OMPI_MCA_orte_default_hostfile mpirun --oversubscribe')),
    ),
    harness.failure(
      order(harness, ranks(where).replace('mpirun', 'env -u PRTE_MCA_prte_default_hostfile mpirun --oversubscribe'), {
        ...mpiIn('/opt/openmpi'),
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

/** In images with several MPIs: that of this folder. */
function mpiIn(folder: string): Pick<OrderChange, 'container' | 'env'> {
  const env = { PATH: `${folder}/bin:/usr/bin:/bin`, I_MPI_ROOT: folder, LD_LIBRARY_PATH: `${folder}/lib` };
  return { container: referenceOf('mpis'), env };
}

const everyMpi = [
  ['Open MPI 4', {}],
  ['Open MPI 5', mpiIn('/opt/openmpi')],
  ['Intel MPI', mpiIn('/opt/intel')],
  ['MPICH', { container: referenceOf('lammps') }],
] as const;

for (const [name, change] of everyMpi) {
  kindTest(place, `${name}: a pod in which no rank ran is named`, async (harness) => {
    const wanted = order(harness, 'mpirun -n 2 sleep 1', { mpi: { tasks: 3, nodes: 3 }, ...change });
    const failure = await harness.failure(wanted);
    expect(failure).toMatchObject({ class: 'user', code: 'ranks-misplaced' });
    expect(failure.message).toMatch(/^no rank ran in worker-1: the command has to start as many ranks /);
  });

  kindTest(place, `${name}: ranks that all share one pod are found out, and short ones are seen`, async (harness) => {
    const [packed, short] = await Promise.all([
      // Daemons may be everywhere; ranks are not.
      harness.failure(order(harness, 'mpirun -n 2 sleep 1', { mpi: { tasks: 4 }, ...change })),
      harness.run(order(harness, 'mpirun -n 2 true', change)),
    ]);
    expect(packed).toMatchObject({ class: 'user', code: 'ranks-misplaced' });
    expect(packed.message).toMatch(/^the launcher has used none of the step's other pods/);
    expect(short.state, 'failure' in short ? short.failure.message : '').toBe('succeeded');
  });
}

kindTest(place, 'a rank in another pod that is killed for want of memory', async (harness) => {
  const eat = 'world.Barrier(); data = bytearray(rank * 400 * 2**20); world.Barrier()';
  const memoryBytes = { value: 400 * 2 ** 20, stated: true };
  const failure = await harness.failure(order(harness, ranks(eat), { request: { memoryBytes } }));
  expect(failure).toMatchObject({ class: 'out-of-memory' });
  expect(failure.message).toMatch(/^worker-0: it used more than its memory limit of 200Mi, and the kernel killed /);
});

kindTest(place, 'another pod that is deleted by hand, or evicted, while it runs', async (harness) => {
  const take = async (how: (pod: string) => Promise<unknown>): Promise<Failed['failure']> => {
    const id = harness.launch(order(harness, ranks('import time; time.sleep(60)')));
    await harness.says(id, 'running');
    const worker = (await podsOf(place(), id)).find(({ metadata }) => metadata.name.endsWith('-worker-0'));
    await how(worker?.metadata.name ?? '');
    return (await harness.failed(id)).failure;
  };
  const [deleted, evicted] = await Promise.all([
    take((pod) => place().client.remove(resources.pods, pod)),
    take((pod) => evict(place(), pod)),
  ]);
  const lost = { class: 'lost', code: 'workload-lost' };
  expect(deleted).toMatchObject({ ...lost, message: 'the pod of its worker-0 was deleted by somebody' });
  expect(evicted).toMatchObject({
    ...lost,
    message: 'worker-0: its pod was ended on node testbed: its node is being emptied',
  });
});

kindTest(place, 'its runtime ends it', async (harness) => {
  const request = { runtimeMs: { value: 6000, stated: true } };
  expect(await harness.failure(order(harness, ranks('import time; time.sleep(60)'), { request }))).toMatchObject({
    class: 'timeout',
    message: 'it ran longer than its runtime of 6 s and was ended',
  });
});

kindTest(place, 'cancelled while it starts, and while it runs', async (harness) => {
  const sleeping = ranks('import time; time.sleep(60)');
  const starting = harness.launch(order(harness, sleeping, { container: 'docker.io/konverge/absent:dev' }));
  const running = harness.launch(order(harness, sleeping, {}));
  await harness.says(starting, 'starting', 'worker-0: its image');
  await harness.says(running, 'running');
  harness.engine.cancel([starting, running]);
  for (const id of [starting, running]) {
    expect(await harness.failed(id)).toMatchObject({ state: 'cancelled', failure: { class: 'cancelled' } });
  }
  await harness.nothingLeft([starting, running]);
});

kindTest(
  place,
  'preempted while it runs, it starts again, and both end well',
  async (harness) => {
    const { low, high } = place();
    const half = { cpuMillis: 400 };
    const preempted = harness.launch(
      order(harness, ranks('import time; time.sleep(25); print(rank)'), {
        priorityClass: low,
        request: half,
      }),
    );
    await harness.says(preempted, 'running');
    const winner = harness.launch(order(harness, ranks(where), { priorityClass: high, request: half }));
    expect((await harness.end(winner)).state, harness.story(winner)).toBe('succeeded');
    expect((await harness.end(preempted)).state, harness.story(preempted)).toBe('succeeded');
    expect(harness.story(preempted)).toMatch(/running: .*queued: .*running: /);
  },
  { quota: { cpu: '1', memory: '4Gi' } },
);

/** mpirun and ranks of an MPI of its own folder. */
async function everywhere(harness: ClusterHarness, folder: string, change: MpiChange = {}): Promise<readonly string[]> {
  const wanted = order(harness, ranks('print(rank, os.uname().nodename, flush=True)', 3), {
    ...mpiIn(folder),
    mpi: { tasks: 3, nodes: 3 },
    ...change,
  });
  const id = harness.launch(wanted);
  expect((await harness.end(id)).state, `${harness.story(id)}${await harness.log(id, 'stderr')}`).toBe('succeeded');
  const lines = (await harness.log(id)).trim().split('\n').sort();
  return lines.map((line) => line.replace(/ \S+-a1-g1-/, ' '));
}

const spread = ['0 launcher', '1 worker-0', '2 worker-1'];

kindTest(place, 'Open MPI 5, on three pods', async (harness) => {
  expect(await everywhere(harness, '/opt/openmpi')).toEqual(spread);
});

kindTest(place, 'Intel MPI, on three pods', async (harness) => {
  expect(await everywhere(harness, '/opt/intel')).toEqual(spread);
});

kindTest(
  place,
  'as root, Open MPI 4 on three pods',
  async (harness) => {
    const rule = 'a rule with a name that is longer than what a label could hold, far longer in fact';
    expect(await everywhere(harness, '/usr', { container: referenceOf('mpi'), rule })).toEqual(spread);
  },
  { settings: { runAs: { uid: 0, gid: 0 }, security: 'baseline' } },
);

kindTest(place, 'on one node, as a Job and as an MPIJob', async (harness) => {
  const mpi = { tasks: 2, nodes: 1 };
  for (const kind of ['job', 'mpijob'] as const) {
    const id = harness.launch(order(harness, ranks('print(rank)'), { kind, mpi }));
    expect((await harness.end(id)).state, `${harness.story(id)}${await harness.log(id, 'stderr')}`).toBe('succeeded');
    expect((await harness.log(id)).trim().split('\n').sort()).toEqual(['0', '1']);
  }
});

kindTest(
  place,
  'a core that is killed leaves it, and the next one follows it to its end',
  async (killed, queue) => {
    const wanted = order(killed, ranks('import time; world.Barrier(); time.sleep(8); print(rank, flush=True)'));
    const id = killed.launch(wanted);
    await killed.says(id, 'running');
    await killed.die();
    await using next = await ClusterHarness.open(place(), { directory: killed.directory, recover: [wanted], queue });
    expect((await next.end(id)).state, `${next.story(id)}${await next.log(id, 'stderr')}`).toBe('succeeded');
    expect((await next.log(id)).trim().split('\n').sort()).toEqual(['0', '1']);
    await next.nothingLeft([id]);
  },
  { client: (real) => real },
);
