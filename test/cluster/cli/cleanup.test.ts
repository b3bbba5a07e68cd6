import { expect } from 'vitest';
import { type KubernetesObject, resources } from '../../../src/engines/kubernetes/client/object.ts';
import { labelKeys } from '../../../src/engines/kubernetes/labels.ts';
import { clusterTest } from '../cluster.ts';
import { useEnginePlace } from '../engine/place.ts';
import { makeDirectory, type Said } from './konverge.ts';
import { makeUser } from './user.ts';

const place = useEnginePlace('cleanup', { closed: { cpu: '1', memory: '1Gi', stopPolicy: 'Hold' } });

function labelsOf(run: string): Record<string, string> {
  return { 'app.kubernetes.io/managed-by': 'konverge', [labelKeys.run]: run };
}

/** A Job that waits in a queue that admits nothing, as a killed core leaves it. */
function jobOf(name: string, labels: Record<string, string>): KubernetesObject {
  const container = { name: 'step', image: 'docker.io/konverge/pause:dev' };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, labels: { ...labels, 'kueue.x-k8s.io/queue-name': 'closed' } },
    spec: {
      suspend: true,
      template: { metadata: { labels }, spec: { restartPolicy: 'Never', containers: [container] } },
    },
  };
}

function secretOf(name: string, labels: Record<string, string>, owner?: KubernetesObject): KubernetesObject {
  const { uid = '' } = owner?.metadata ?? {};
  const ownerReferences = owner && [{ apiVersion: 'batch/v1', kind: 'Job', name: owner.metadata.name, uid }];
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name, labels, ...(ownerReferences && { ownerReferences }) } };
}

async function leave(run: string, jobs: number): Promise<void> {
  const { client } = place();
  for (let index = 0; index < jobs; index += 1) {
    const name = `${run}-${index}`;
    const { object } = await client.create(resources.jobs, jobOf(name, labelsOf(run)));
    await client.create(resources.secrets, secretOf(name, labelsOf(run), object));
  }
  await client.create(resources.secrets, secretOf(`${run}-alone`, labelsOf(run)));
}

async function names(type: typeof resources.jobs | typeof resources.secrets): Promise<string[]> {
  const { items } = await place().client.list(type);
  return items
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .map(({ metadata }) => metadata.name)
    .toSorted();
}

function jsonLines({ stdout }: Said): unknown[] {
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown);
}

clusterTest(
  'what runs have left is listed, and removed by run and only with a yes',
  async () => {
    const { client, namespace, kubeconfig } = place();
    await leave('one', 3);
    await leave('two', 2);
    const other = { 'app.kubernetes.io/managed-by': 'somebody', [labelKeys.run]: 'one' };
    await client.create(resources.jobs, jobOf('of-somebody', other));
    await client.create(resources.jobs, jobOf('of-nobody', {}));
    await client.create(resources.secrets, secretOf('of-nobody', {}));
    using directory = makeDirectory();
    const words = ['cleanup', '--namespace', namespace];

    expect(jsonLines(await directory.konverge([...words, '--json'], kubeconfig))).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          run: 'one',
          objects: 3,
          unfinished: 3,
          secrets: 1,
          namespace,
          ofThisDirectory: false,
        }),
        expect.objectContaining({ run: 'two', objects: 2, unfinished: 2, secrets: 1 }),
      ]),
    );

    const unsaid = await directory.konverge([...words, '--run', 'one'], kubeconfig);
    expect(unsaid.code).toBe(3);
    expect(unsaid.stderr).toContain('nothing was removed: 3 Jobs (3 of them not ended) and 1 Secret in namespace');
    expect(await names(resources.jobs)).toHaveLength(7);

    const one = await directory.konverge([...words, '--run', 'one', '--yes'], kubeconfig);
    expect(one).toMatchObject({ code: 0, stdout: expect.stringContaining('one: removed 3 Jobs and 1 Secret') });
    expect(await names(resources.jobs)).toEqual(['of-nobody', 'of-somebody', 'two-0', 'two-1']);
    // Those that a Job owned go with it, by Kubernetes itself.
    await expect
      .poll(() => names(resources.secrets), { timeout: 30_000 })
      .toEqual(['of-nobody', 'two-0', 'two-1', 'two-alone']);

    const again = await directory.konverge([...words, '--run', 'one', '--yes'], kubeconfig);
    expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining('there is nothing of run one') });
    expect(again.stdout).toMatch(/^two +2 +2 +1 /m);

    const rest = await directory.konverge([...words, '--all-runs', '--yes', '--json'], kubeconfig);
    expect(jsonLines(rest)).toEqual([{ run: 'two', removed: { Job: 2, Secret: 1 } }]);
    expect(await names(resources.jobs)).toEqual(['of-nobody', 'of-somebody']);
    const none = await directory.konverge(words, kubeconfig);
    expect(none.stdout).toBe(`no run has left anything in namespace ${namespace}\n`);
  },
  120_000,
);

clusterTest(
  'with the rights of deploy/rbac, which do not list Secrets',
  async () => {
    const { namespace } = place();
    await leave('three', 20);
    const kubeconfig = await makeUser(place());
    using directory = makeDirectory();
    const words = ['cleanup', '--namespace', namespace];
    const list = (): Promise<Said> => directory.konverge(words, kubeconfig);
    // The server's view of a Role is a moment old.
    await expect.poll(async () => (await list()).code, { timeout: 30_000 }).toBe(0);
    expect((await list()).stdout).toMatch(/^three +20 +20 +\? /m);
    const said = await directory.konverge([...words, '--all-runs', '-y'], kubeconfig);
    expect(said).toMatchObject({ code: 0, stdout: expect.stringContaining('three: removed 20 Jobs\n') });
    expect(await names(resources.jobs)).not.toContain('three-0');
  },
  120_000,
);

clusterTest('both ways to say which', async () => {
  using directory = makeDirectory();
  const said = await directory.konverge(['cleanup', '--run', 'one', '--all-runs'], place().kubeconfig);
  expect(said).toMatchObject({ code: 3, stderr: expect.stringContaining('exclude each other') });
});
