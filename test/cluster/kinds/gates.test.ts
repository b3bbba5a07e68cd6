// `kueue_gates`: Kueue does not queue what has one, whatever its kind, until somebody takes it away.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { type ResourceType, resources } from '../../../src/engines/kubernetes/client/object.ts';
import { stepOf } from '../../../src/engines/kubernetes/labels.ts';
import { ClusterHarness, faultTest, type OrderChange } from '../engine/harness.ts';
import { useEnginePlace } from '../engine/place.ts';

const place = useEnginePlace('gates');
const kubectl = process.env['KONVERGE_TEST_KUBECTL'] ?? 'kubectl';
const gates = ['example.com/budget', 'lab/data'];

const orders: readonly (readonly [ResourceType, OrderChange])[] = [
  [resources.jobs, { kind: 'job' }],
  [resources.jobSets, { kind: 'jobset' }],
  [resources.mpiJobs, { kind: 'mpijob', request: { mpi: { command: 'mpirun', tasks: 1, nodes: 1 } } }],
];

for (const [type, change] of orders) {
  faultTest(`a ${type.kind} with gates waits, and goes on when they are taken away`, async () => {
    const { client, kubeconfig, namespace } = place();
    await using harness = await ClusterHarness.open(place());
    const id = harness.launch(harness.order('echo opened', { gates, ...change }));
    const said = await harness.says(id, 'queued', 'is held back by an admission gate');
    for (const gate of gates) expect(said).toContain(gate);

    const { items } = await client.list(type);
    const { name = '' } = items.find(({ metadata }) => stepOf(metadata) === id)?.metadata ?? {};
    // As docs/guides/kubernetes.md says it, first for one of the two.
    const annotate = async (change: string): Promise<void> => {
      const words = ['--overwrite', `${type.plural}.${type.group}`, name, `kueue.x-k8s.io/admission-gated-by${change}`];
      await promisify(execFile)(kubectl, ['--kubeconfig', kubeconfig, '--namespace', namespace, 'annotate', ...words]);
    };
    await annotate(`=${gates[1]}`);
    await harness.seen(
      id,
      (seen) => seen.state === 'queued' && seen.reason.includes('gate') && !seen.reason.includes('budget'),
    );
    await annotate('-');
    expect((await harness.end(id)).state).toBe('succeeded');
    expect(await harness.log(id)).toBe('opened\n');
  });
}
