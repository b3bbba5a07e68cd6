import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { rights } from '../../../src/engines/kubernetes/examine/rights.ts';
import type { Finding } from '../../../src/frontends/cli/doctor/finding.ts';
import { changedKubeconfig, clusterTest, namespaces, useCluster } from '../cluster.ts';
import { useEnginePlace } from '../engine/place.ts';
import { makeDirectory, type Said } from './konverge.ts';
import { allow, makeUser } from './user.ts';

const place = useEnginePlace('doctor', {
  closed: { cpu: '1', memory: '1Gi', stopPolicy: 'Hold' },
  lean: { cpu: '1' },
});
const empty = useCluster('no-queues');

const words = ['doctor', '--json', '--engine', 'kubernetes'];

function findingsIn({ stdout }: Said): readonly Finding[] {
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => parse(line) as Finding);
}

async function findings(kubeconfig: string, ...more: string[]): Promise<ReadonlyMap<string, Finding>> {
  using directory = makeDirectory();
  const said = await directory.konverge([...words, ...more], kubeconfig);
  return new Map(findingsIn(said).map((finding) => [finding.name, finding]));
}

clusterTest('what an administrator sees', async () => {
  const { namespace, kubeconfig, high } = place();
  using directory = makeDirectory();
  directory.write(
    'konverge.yaml',
    [`engine: kubernetes`, `namespace: ${namespace}`, `queue: main`, `kubernetes: {priority_class: ${high}}`].join(
      '\n',
    ),
  );
  const said = await directory.konverge(['doctor', '--json'], kubeconfig);
  const found = new Map(findingsIn(said).map((finding) => [finding.name, finding]));
  const detail = (name: string) => found.get(name)?.detail;
  expect(detail('kubeconfig')).toMatch(new RegExp(`^context \\S+, server https:\\S+, namespace ${namespace}$`));
  expect(found.get('kubernetes')).toMatchObject({ status: 'ok', detail: expect.stringMatching(/^v1\.\d+/) });
  expect(found.get('kueue')).toMatchObject({ status: 'ok', detail: expect.stringContaining('v1beta2 is used') });
  expect(found.get('jobset')?.status).toBe('ok');
  expect(found.get('minicluster')?.status).toBe('ok');
  expect(found.get('rights')).toMatchObject({ status: 'ok' });
  expect(detail('queue main')).toBe(
    `of ClusterQueue ${place().clusterQueueOf('main')}: 8 cpu, 16Gi memory (flavor ${namespace})`,
  );
  expect(found.get('queue closed')).toMatchObject({
    status: 'warning',
    detail: expect.stringContaining('(stopPolicy Hold)'),
  });
  expect(found.get('queue lean')).toMatchObject({ status: 'warning', detail: expect.stringContaining('no memory') });
  expect(found.get('priority class')).toMatchObject({ status: 'ok', detail: high });
  expect(found.get('pod security')).toMatchObject({ status: 'ok' });
  expect(detail('agent image')).toContain('konverge/agent:');
  expect(said.stderr).toBe('');
});

clusterTest('what konverge.yaml names and is not there', async () => {
  const { namespace, kubeconfig } = place();
  using directory = makeDirectory();
  const lines = ['queue: nosuch', 'rules: {a: {queue: neither}}', 'kubernetes: {priority_class: missing}'];
  directory.write('konverge.yaml', lines.join('\n'));
  const said = await directory.konverge([...words, '--namespace', namespace], kubeconfig);
  const found = new Map(findingsIn(said).map((finding) => [finding.name, finding]));
  expect(found.get('queue nosuch')).toMatchObject({
    status: 'missing',
    remedy: expect.stringMatching(/main/),
    detail: `queue in konverge.yaml names it, and namespace ${namespace} has no such LocalQueue`,
  });
  expect(found.get('queue neither')).toMatchObject({ status: 'missing', detail: expect.stringContaining('rules.a') });
  expect(found.get('priority class')).toMatchObject({ status: 'missing' });
  expect(said.code).toBe(4);
});

clusterTest('a namespace without a queue, and one that is not there', async () => {
  const { namespace, kubeconfig } = empty();
  expect((await findings(kubeconfig, '--namespace', namespace)).get('queues')).toMatchObject({
    status: 'missing',
    detail: `there is no LocalQueue in namespace ${namespace}`,
  });
  expect((await findings(kubeconfig, '--namespace', 'no-such-place')).get('namespace')).toMatchObject({
    status: 'missing',
    detail: 'there is no namespace no-such-place',
  });
});

clusterTest('what the namespace lets pods do', async () => {
  const { client, namespace, kubeconfig } = empty();
  await client.patch(namespaces, namespace, {
    metadata: { labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
  });
  using directory = makeDirectory();
  directory.write('konverge.yaml', 'kubernetes: {security: baseline}\n');
  const said = await directory.konverge([...words, '--namespace', namespace], kubeconfig);
  expect(findingsIn(said).find(({ name }) => name === 'pod security')).toMatchObject({
    status: 'missing',
    detail: 'the namespace enforces restricted, and kubernetes.security is baseline',
  });
});

clusterTest(
  'a user with the Role of deploy/rbac, and with a verb less',
  async () => {
    const { namespace } = place();
    const kubeconfig = await makeUser(place());
    const rightsOf = async (): Promise<readonly Finding[]> => {
      using directory = makeDirectory();
      return findingsIn(await directory.konverge([...words, '--namespace', namespace], kubeconfig)).filter(
        ({ name, status }) => name === 'rights' && status !== 'optional',
      );
    };
    const enough = [
      expect.objectContaining({ status: 'ok', detail: `all that a run needs in namespace ${namespace}` }),
    ];
    // The server's view of a Role is a moment old.
    await expect.poll(rightsOf, { timeout: 30_000 }).toEqual(enough);

    const jobs = rights().find(({ resource }) => resource === 'jobs')?.verbs ?? [];
    await allow(
      place(),
      'jobs',
      jobs.filter((verb) => verb !== 'delete'),
    );
    const lacking = [
      expect.objectContaining({
        status: 'missing',
        detail: `this user may not delete jobs.batch in namespace ${namespace}`,
        remedy: expect.stringContaining('deploy/rbac'),
      }),
    ];
    await expect.poll(rightsOf, { timeout: 30_000 }).toEqual(lacking);
    await allow(place(), 'jobs', jobs);

    await expect.poll(rightsOf, { timeout: 30_000 }).toEqual(enough);
    const found = await findings(kubeconfig, '--namespace', namespace);
    expect(found.get('quotas')).toMatchObject({ status: 'optional', detail: expect.stringContaining('ClusterQueues') });
    expect(found.get('queue main')).toMatchObject({ detail: expect.stringContaining('its quota may not be seen') });
  },
  150_000,
);

clusterTest('a token that the server does not know', async () => {
  const kubeconfig = await changedKubeconfig(({ users }) => {
    for (const entry of users) entry.user = { token: 'expired' };
  });
  using directory = makeDirectory();
  const said = await directory.konverge(words, kubeconfig);
  expect(said.code).toBe(4);
  expect(findingsIn(said).at(-1)).toMatchObject({
    name: 'server',
    status: 'missing',
    detail: expect.stringMatching(/^cluster-denied: .* does not know who asks/),
    remedy: expect.stringContaining('Log in to the cluster again'),
  });
});

test('without a kubeconfig', { timeout: 60_000 }, async () => {
  using directory = makeDirectory();
  const said = await directory.konverge(words);
  expect(said.code).toBe(4);
  expect(findingsIn(said).at(-1)).toMatchObject({
    name: 'kubeconfig',
    status: 'missing',
    detail: expect.stringMatching(/^cluster-unconfigured: there is no kubeconfig at .*home\/\.kube\/config/),
  });
});
