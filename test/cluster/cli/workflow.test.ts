// A workflow of a user who has the rights of deploy/rbac and nothing else: dry run, a run that waits, explain, the end.
import { spawnSync } from 'node:child_process';
import { expect, type TestContext, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { type KubernetesObject, resources } from '../../../src/engines/kubernetes/client/object.ts';
import { appsImage, podOf, testKubeconfig } from '../cluster.ts';
import { agentImage } from '../engine/harness.ts';
import { useEnginePlace } from '../engine/place.ts';
import { type Directory, makeDirectory, storageFlags } from './konverge.ts';
import { makeUser } from './user.ts';

const place = useEnginePlace('workflow', { narrow: { cpu: '1', memory: '1Gi' } });

const snakefile = `
rule all:
    input: "all.txt"
rule make:
    output: "{x}.txt"
    wildcard_constraints: x="[ab]"
    container: "docker://${appsImage}"
    resources: mem_mb=100
    shell: "echo {wildcards.x} > {output}"
rule join:
    input: "a.txt", "b.txt"
    output: "all.txt"
    container: "docker://${appsImage}"
    resources: mem_mb=100
    shell: "cat {input} > {output}"
`;

/** A test that needs a cluster and Snakemake with our plugin. */
function workflowTest(name: string, body: (directory: Directory, kubeconfig: string) => Promise<void>): void {
  test(name, { timeout: 240_000 }, async (context: TestContext) => {
    if (testKubeconfig === undefined) context.skip('not possible here: no cluster (npm run test:cluster runs these)');
    const help = spawnSync('snakemake', ['--help'], { encoding: 'utf8' });
    if (help.error) context.skip('missing tool: snakemake');
    if (!help.stdout.includes('--kueue-dry-run')) context.skip('the plugin of this snakemake has no --kueue-dry-run');
    using directory = makeDirectory();
    directory.write('Snakefile', snakefile);
    user ??= makeUser(place());
    await body(directory, await user);
  });
}
let user: Promise<string> | undefined;

function configure(directory: Directory, queue: string, ...rules: readonly string[]): void {
  const { namespace } = place();
  const lines = [`engine: kubernetes`, `namespace: ${namespace}`, `queue: ${queue}`, `images: {agent: ${agentImage}}`];
  directory.write('konverge.yaml', [...lines, ...rules].join('\n'));
}

/** Takes all that a queue has, until it is removed. */
function holderOf(queue: string): KubernetesObject {
  const { spec } = podOf('holder', 'sleep 600');
  const [container] = (spec as { readonly containers: readonly object[] }).containers;
  const resourcesOf = { requests: { cpu: '1', memory: '32Mi' } };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'holder', labels: { 'kueue.x-k8s.io/queue-name': queue } },
    spec: { suspend: true, template: { spec: { ...spec, containers: [{ ...container, resources: resourcesOf }] } } },
  };
}

async function objects(): Promise<number> {
  const { client } = place();
  return (await client.list(resources.jobs)).items.length;
}

workflowTest('a dry run prints the objects of the first wave and creates none', async (directory, kubeconfig) => {
  configure(directory, 'main');
  const { code, stdout, stderr } = await directory.konverge(['run', '--dry-run', ...storageFlags('dry')], kubeconfig);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/^# the first wave: 2 steps$/m);
  expect(stdout).toMatch(/^# make x=a {2}\(/m);
  expect(stdout).not.toContain('testbedsecret');
  const documents = parseAllDocuments(stdout).map((document) => document.toJS() as { kind: string });
  expect(documents.map(({ kind }) => kind)).toEqual(['Job', 'Secret', 'Job', 'Secret']);
  // What is printed is what the server takes.
  const { client } = place();
  expect(await objects()).toBe(0);
  const job = documents[0] as unknown as Parameters<typeof client.create>[1];
  const { object } = await client.create(resources.jobs, job);
  expect(object.spec?.['suspend']).toBe(true);
  await client.remove(resources.jobs, object.metadata.name);
});

workflowTest('a dry run says which steps would be refused', async (directory, kubeconfig) => {
  configure(directory, 'main', 'rules: {make: {queue: nosuch}}');
  const { code, stdout } = await directory.konverge(['run', '-n', ...storageFlags('dry')], kubeconfig);
  expect(code).toBe(1);
  expect(stdout).toContain('# the first wave: 2 steps, of which 2 would be refused');
  expect(stdout).toContain('refused: queue-unknown: rule make: there is no queue "nosuch"');
  expect(stdout).toContain('kubectl get localqueues');
});

workflowTest(
  'without storage, in a directory that no pod sees, it is refused before any step',
  async (directory, kubeconfig) => {
    configure(directory, 'main');
    const { code, stdout, stderr } = await directory.konverge(['run', '--plain'], kubeconfig);
    expect(code).toBe(1);
    expect(stdout + stderr).toContain(`steps would work in ${directory.path}, which no volume of the pod contains`);
    expect(stdout + stderr).toContain('--default-storage-provider s3');
    expect(stdout + stderr).not.toContain('Error in rule');
    expect(await objects()).toBe(0);
  },
);

workflowTest('a run from the queue to its end, explained while it waits', async (directory, kubeconfig) => {
  const { client } = place();
  const prefix = `run-${Date.now()}`;
  configure(directory, 'narrow');
  await client.create(resources.jobs, holderOf('narrow'));
  const held = async () => (await client.get(resources.jobs, 'holder'))?.status?.['active'];
  await expect.poll(held, { timeout: 30_000 }).toBe(1);
  const running = directory.konverge(['run', '--plain', ...storageFlags(prefix)], kubeconfig);
  const explain = () => directory.konverge(['explain', 'make x=b'], kubeconfig);
  await expect
    .poll(async () => (await explain()).stdout, { timeout: 90_000, interval: 2000 })
    .toMatch(/^state {3}queued: waits .*; position [12] of \d in queue narrow/m);
  const { stdout } = await explain();
  expect(stdout).toMatch(/^note {4}image: .*apps:dev/m);
  const manifests = stdout.slice(stdout.indexOf('\n---\n'));
  expect(parseAllDocuments(manifests).map((document) => (document.toJS() as { kind: string }).kind)).toEqual([
    'Job',
    'Secret',
  ]);
  // Its steps are not left, as long as its core lives.
  expect(await directory.konverge(['cleanup', '--all-runs', '--yes'], kubeconfig)).toMatchObject({
    code: 3,
    stderr: expect.stringMatching(/^konverge: workdir-busy: the run of \S+ still goes on/),
  });
  await client.remove(resources.jobs, 'holder');
  const { code, stdout: output } = await running;
  expect({ code, output }).toMatchObject({ code: 0, output: expect.stringContaining('finished: 3 steps done') });
  await expect.poll(objects, { timeout: 30_000 }).toBe(0);
});
