// Steps in a Flux instance, as MiniClusters. On the testbed the operator and Flux are simulated (test/simulated-flux-operator);
// `npm run test:flux` runs the same cases against the real ones.
import { expect, test, vi } from 'vitest';
import type { MpiRequest } from '../../../src/domain/resources.ts';
import { type KubernetesObject, resources } from '../../../src/engines/kubernetes/client/object.ts';
import { isRecord } from '../../../src/engines/kubernetes/kueue/condition.ts';
import { annotationKeys } from '../../../src/engines/kubernetes/labels.ts';
import type { WorkOrder } from '../../../src/ports/engine.ts';
import { appsImage } from '../cluster.ts';
import { ClusterHarness, faultTest, type OrderChange } from '../engine/harness.ts';
import { fluxImage, fluxView, useFluxPlace } from './flux-place.ts';

const place = useFluxPlace('minicluster', {
  small: { cpu: '1', memory: '4Gi' },
  // Of one case each, which sees that it is empty at the end.
  happy: { cpu: '4', memory: '4Gi' },
  cancelling: { cpu: '2', memory: '4Gi' },
  waiting: { cpu: '4', memory: '4Gi' },
});

interface FluxChange extends OrderChange {
  readonly mpi?: Partial<MpiRequest>;
}

function order(harness: ClusterHarness, command: string, { mpi, request, ...change }: FluxChange = {}): WorkOrder {
  return harness.order(command, {
    kind: 'minicluster',
    container: fluxImage,
    fluxView: 'none',
    request: { mpi: { command: 'mpirun', tasks: 2, nodes: 2, ...mpi }, ...request },
    ...change,
  });
}

const where = `sh -c 'echo "$FLUX_TASK_RANK $(hostname) $(pwd) $GREETING"'`;

/** What the cluster has of a step. The Job and its pods have the operator's owner, and go after the MiniCluster. */
async function leftOf(id: string): Promise<readonly string[]> {
  const { flux } = place();
  const types = [resources.miniClusters, resources.jobs, resources.pods, resources.secrets, resources.configMaps];
  const lists = await Promise.all(types.map((type) => flux.list(type, { labelSelector: `konverge/step=${id}` })));
  return lists.flatMap(({ items }) => items.map(({ kind, metadata }) => `${kind} ${metadata.name}`));
}

async function nothingLeft(id: string): Promise<void> {
  await vi.waitFor(async () => expect(await leftOf(id)).toEqual([]), { timeout: 60_000, interval: 500 });
}

async function podsOf(id: string): Promise<readonly KubernetesObject[]> {
  const { items } = await place().flux.list(resources.pods);
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

async function succeeds(harness: ClusterHarness, wanted: WorkOrder): Promise<readonly string[]> {
  const id = harness.launch(wanted);
  expect((await harness.end(id)).state, `${harness.story(id)}${await harness.log(id, 'stderr')}`).toBe('succeeded');
  return (await harness.log(id)).trim().split('\n').sort();
}

faultTest('four tasks on two pods, by the launcher that the step names', async () => {
  await using harness = await ClusterHarness.open(place());
  const wanted = order(harness, `mpirun -n 4 ${where}; sleep 5`, {
    mpi: { tasks: 4 },
    queue: 'happy',
    env: { GREETING: "it's $HOME" },
  });
  const lines = await succeeds(harness, wanted);
  const [, lead = ''] = lines[0]?.split(' ') ?? [];
  expect(lead).toMatch(/^fault-[0-9a-f]{16}-a1-g1-0$/);
  const follower = lead.replace(/0$/, '1');
  expect(lines).toEqual(
    [lead, lead, follower, follower].map((host, rank) => `${rank} ${host} /mnt/flux/konverge/work it's $HOME`),
  );
  const states = harness.statesOf(wanted.id).filter((state) => state !== 'queued' && state !== 'admitted');
  expect(states).toEqual(['starting', 'running', 'succeeded']);
  await nothingLeft(wanted.id);
  await quotaIsFree('happy');
});

faultTest('a program of MPI, whose ranks find each other', async () => {
  await using harness = await ClusterHarness.open(place());
  const program =
    'from mpi4py import MPI; w = MPI.COMM_WORLD; print(w.Get_rank(), w.Get_size(), w.allreduce(w.Get_rank()), flush=True)';
  expect(await succeeds(harness, order(harness, `mpirun python3 -c '${program}'`))).toEqual(['0 2 1', '1 2 1']);
});

faultTest('a step that calls Flux itself, and one that is no MPI step', async () => {
  await using harness = await ClusterHarness.open(place());
  const own = `flux submit --watch --quiet -N 2 -n 2 sh -c 'hostname'`;
  const [submitted, plain] = await Promise.all([
    succeeds(harness, order(harness, own, { mpi: { command: 'flux submit' } })),
    succeeds(
      harness,
      harness.order('echo alone; flux getattr size', { kind: 'minicluster', container: fluxImage, fluxView: 'none' }),
    ),
  ]);
  expect(submitted.map((host) => host.slice(-2))).toEqual(['-0', '-1']);
  expect(plain).toEqual(['1', 'alone']);
});

faultTest('its exit code is that of the step, and nothing is tried again', async () => {
  await using harness = await ClusterHarness.open(place());
  const [own, ofTask] = await Promise.all([
    harness.failure(order(harness, 'echo before >&2; exit 3')),
    harness.failure(order(harness, `mpirun sh -c 'exit $((FLUX_TASK_RANK * 7))'`)),
  ]);
  expect(own).toMatchObject({ class: 'user', exitCode: 3 });
  expect(ofTask).toMatchObject({ class: 'user', exitCode: 7 });
});

faultTest('tasks that Flux could never place, and a step that leaves out the other pods', async () => {
  await using harness = await ClusterHarness.open(place(), { settings: {} });
  const [many, alone] = await Promise.all([
    harness.failure(order(harness, 'true', { request: { cpuMillis: 20 }, mpi: { tasks: 2000 } })),
    harness.failure(order(harness, 'true')),
  ]);
  expect(many).toMatchObject({
    code: 'resource-invalid',
    message: expect.stringMatching(/2000 (tasks|cores)|1000 cores/),
  });
  expect(alone).toMatchObject({ class: 'user', code: 'ranks-misplaced' });
});

faultTest('an image without Flux', async () => {
  await using harness = await ClusterHarness.open(place());
  const failure = await harness.failure(order(harness, 'true', { container: appsImage, mpi: { tasks: 1, nodes: 1 } }));
  expect(failure).toMatchObject({ class: 'image', code: 'image-unfit' });
});

const viewTest = fluxView === 'none' ? test.skip : faultTest;
viewTest('an image without Flux, to which a view of it is added', async () => {
  await using harness = await ClusterHarness.open(place());
  const wanted = order(harness, `mpirun -n 2 ${where}`, { container: appsImage, fluxView });
  expect((await succeeds(harness, wanted)).map((line) => line.split(' ')[0])).toEqual(['0', '1']);
});

faultTest('two at once do not disturb each other', async () => {
  await using harness = await ClusterHarness.open(place());
  const hosts = await Promise.all([0, 1].map(() => succeeds(harness, order(harness, `mpirun -n 2 ${where}`))));
  const names = hosts.map((lines) => lines.map((line) => line.split(' ')[1]?.replace(/-[01]$/, '')));
  for (const own of names) expect(new Set(own).size).toBe(1);
  expect(names[0]?.[0]).not.toBe(names[1]?.[0]);
});

faultTest('a follower that is deleted while it runs', async () => {
  await using harness = await ClusterHarness.open(place());
  const id = harness.launch(order(harness, 'mpirun sleep 60'));
  await harness.says(id, 'running');
  const follower = (await podsOf(id)).find(({ metadata }) => /-1-\w+$/.test(metadata.name));
  await place().flux.remove(resources.pods, follower?.metadata.name ?? '');
  expect((await harness.failed(id)).failure).toMatchObject({ class: 'lost', code: 'workload-lost' });
  await nothingLeft(id);
});

faultTest('its runtime ends it', async () => {
  await using harness = await ClusterHarness.open(place());
  const request = { runtimeMs: { value: 15_000, stated: true } };
  expect(await harness.failure(order(harness, 'mpirun sleep 100', { request }))).toMatchObject({
    class: 'timeout',
    message: 'it ran longer than its runtime of 15 s and was ended',
  });
});

faultTest('cancelled while it starts, and while it runs', async () => {
  await using harness = await ClusterHarness.open(place());
  const starting = harness.launch(
    order(harness, 'true', { queue: 'cancelling', container: 'docker.io/konverge/absent:dev' }),
  );
  const running = harness.launch(order(harness, 'mpirun sleep 100', { queue: 'cancelling' }));
  await harness.says(starting, 'starting', 'image');
  await harness.says(running, 'running');
  harness.engine.cancel([starting, running]);
  for (const id of [starting, running]) {
    expect(await harness.failed(id)).toMatchObject({ state: 'cancelled', failure: { class: 'cancelled' } });
    await nothingLeft(id);
  }
  await quotaIsFree('cancelling');
});

faultTest('preempted while it runs, it starts again, and both end well', async () => {
  await using harness = await ClusterHarness.open(place());
  const { low, high } = place();
  const half = { cpuMillis: 400 };
  const preempted = harness.launch(
    order(harness, 'mpirun sleep 25', { queue: 'small', priorityClass: low, request: half }),
  );
  await harness.says(preempted, 'running');
  const winner = harness.launch(
    order(harness, `mpirun ${where}`, { queue: 'small', priorityClass: high, request: half }),
  );
  expect((await harness.end(winner)).state, harness.story(winner)).toBe('succeeded');
  expect((await harness.end(preempted)).state, harness.story(preempted)).toBe('succeeded');
  expect(harness.story(preempted)).toMatch(/running: .*queued: .*running: /);
  await quotaIsFree('small');
});

faultTest('a core dies under it, and the next one follows it', async () => {
  await using first = await ClusterHarness.open(place());
  const wanted = order(first, 'mpirun sleep 15; echo over');
  first.launch(wanted);
  await first.says(wanted.id, 'running');
  await first.leave();
  await using next = await ClusterHarness.open(place(), { directory: first.directory, recover: [wanted] });
  expect((await next.end(wanted.id)).state, next.story(wanted.id)).toBe('succeeded');
  await nothingLeft(wanted.id);
});

faultTest('one that waits says why, and gets another priority', async () => {
  await using harness = await ClusterHarness.open(place());
  const { high } = place();
  const tooLarge = await harness.failure(order(harness, 'true', { queue: 'small', request: { cpuMillis: 2000 } }));
  expect(tooLarge).toMatchObject({ class: 'never-admissible' });
  const holder = harness.launch(order(harness, 'mpirun sleep 200', { queue: 'waiting', request: { cpuMillis: 1900 } }));
  await harness.says(holder, 'running');
  const waiting = harness.launch(order(harness, 'mpirun true', { queue: 'waiting', request: { cpuMillis: 1000 } }));
  expect(await harness.says(waiting, 'queued', 'cpu')).toMatch(/waits for .*cpu/);
  await harness.engine.changePriority?.(waiting, high);
  await vi.waitFor(async () => {
    const { items } = await place().flux.list(resources.jobs, { labelSelector: `konverge/step=${waiting}` });
    expect(items[0]?.metadata.labels?.['kueue.x-k8s.io/priority-class']).toBe(high);
  }, 30_000);
  harness.engine.cancel([holder]);
  expect((await harness.end(waiting)).state, harness.story(waiting)).toBe('succeeded');
});
