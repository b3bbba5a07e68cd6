// `kueue_gates`: Kueue does not queue what has one, whatever its kind, until somebody takes it away.
import { expect, vi } from 'vitest';
import { referenceOf } from '../../../images/recipe.ts';
import { type ResourceType, resources } from '../../../src/engines/kubernetes/client/object.ts';
import { kueueAnnotations, kueueLabels } from '../../../src/engines/kubernetes/kueue/labels.ts';
import { stepOf } from '../../../src/engines/kubernetes/labels.ts';
import { ClusterHarness, faultTest, type OrderChange } from '../engine/harness.ts';
import { useEnginePlace } from '../engine/place.ts';
import { kubectl } from '../kubectl.ts';

const place = useEnginePlace('gates');
const gates = ['example.com/budget', 'lab/data'];

const orders: readonly (readonly [ResourceType, OrderChange])[] = [
  [resources.jobs, { kind: 'job' }],
  [resources.jobSets, { kind: 'jobset' }],
  [
    resources.mpiJobs,
    { kind: 'mpijob', container: referenceOf('mpi'), request: { mpi: { command: 'mpirun', tasks: 1, nodes: 1 } } },
  ],
];

for (const [type, change] of orders) {
  faultTest(`a ${type.kind} with gates waits, and goes on when they are taken away`, async () => {
    const { client } = place();
    await using harness = await ClusterHarness.open(place());
    const id = harness.launch(harness.order('echo opened', { gates, ...change }));
    const said = await harness.says(id, 'queued', 'is held back by an admission gate');
    for (const gate of gates) expect(said).toContain(gate);

    const { items } = await client.list(type);
    const { name = '', uid } = items.find(({ metadata }) => stepOf(metadata) === id)?.metadata ?? {};
    const gatesInQueue = async (): Promise<string | undefined> => {
      const workloads = await client.list(resources.workloads, { labelSelector: `${kueueLabels.jobUid}=${uid}` });
      return workloads.items[0]?.metadata.annotations?.[kueueAnnotations.admissionGatedBy];
    };
    // First one of the two, of which Kueue says no word; then as docs/guides/kubernetes.md says it.
    const annotate = (change: string): Promise<string> => {
      const words = ['--overwrite', `${type.plural}.${type.group}`, name, `kueue.x-k8s.io/admission-gated-by${change}`];
      return kubectl(place(), 'annotate', ...words);
    };
    await annotate(`=${gates[1]}`);
    await vi.waitFor(async () => expect(await gatesInQueue()).toBe(gates[1]), { timeout: 30_000 });
    expect(harness.statesOf(id)).toEqual(['queued']);
    await annotate('-');
    expect((await harness.end(id)).state).toBe('succeeded');
    expect(await harness.log(id)).toBe('opened\n');
  });
}
