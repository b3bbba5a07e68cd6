import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { expect } from 'vitest';
import type { ClusterClient } from '../../../src/engines/kubernetes/client/cluster-client.ts';
import { resources } from '../../../src/engines/kubernetes/client/object.ts';
import { changedKubeconfig, clusterTest, openTestCluster, testKubeconfig, useCluster } from '../cluster.ts';

const cluster = useCluster('refusals');

/** What a client with a changed kubeconfig says. */
async function said(
  change: Parameters<typeof changedKubeconfig>[0],
  work: (client: ClusterClient) => Promise<unknown>,
): Promise<string> {
  const { namespace } = cluster();
  const client = await openTestCluster({ kubeconfig: await changedKubeconfig(change), namespace });
  try {
    return JSON.stringify(await work(client));
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    return `${code}: ${message}`;
  } finally {
    await client.close();
  }
}

const getPod = (client: ClusterClient) => client.get(resources.pods, 'p', { patienceMs: 3000 });

function become(user: Record<string, unknown>): Parameters<typeof changedKubeconfig>[0] {
  return ({ users }) => {
    for (const entry of users) entry.user = user;
  };
}

const nobody: Parameters<typeof changedKubeconfig>[0] = ({ users }) => {
  for (const { user } of users) Object.assign(user, { as: 'somebody-without-rights', 'as-groups': ['some-group'] });
};

clusterTest('somebody who may not: verb, resource and namespace, for each verb', async () => {
  const { namespace } = cluster();
  expect(await said(nobody, getPod)).toBe(
    `cluster-forbidden: may not get pods p in namespace ${namespace}: pods "p" is forbidden: User "somebody-without-rights" cannot get resource "pods" in API group "" in the namespace "${namespace}"`,
  );
  expect(await said(nobody, (client) => client.list(resources.jobs))).toContain(
    `cluster-forbidden: may not list jobs.batch in namespace ${namespace}`,
  );
  expect(await said(nobody, (client) => client.remove(resources.jobs, 'x'))).toContain(
    'cluster-forbidden: may not delete jobs.batch x',
  );
  expect(await said(nobody, (client) => client.list(resources.nodes))).toContain(
    'cluster-forbidden: may not list nodes: ',
  );
  expect(
    await said(
      nobody,
      (client) => client.reflect(resources.pods, { changed: () => undefined, gone: () => undefined }).synced,
    ),
  ).toContain('cluster-forbidden');
  expect(await said(nobody, (client) => client.exec('p', 'c', ['true']))).toContain(
    `cluster-forbidden: may not create pods/exec p in namespace ${namespace}`,
  );
  expect(
    await said(nobody, async (client) => {
      for await (const _ of client.logs('p', { container: 'c', follow: true })) expect.unreachable();
    }),
  ).toContain('cluster-forbidden: may not get pods/log p');
});

clusterTest('mayI tells the rights of who asks', async () => {
  const { namespace } = cluster();
  const questions = [
    { verb: 'create', group: 'batch', resource: 'jobs', namespace },
    { verb: 'get', group: '', resource: 'pods', subresource: 'log', namespace },
    { verb: 'list', group: '', resource: 'nodes' },
  ];
  expect(await cluster().client.mayI(questions)).toEqual([true, true, true]);
  expect(await said(nobody, (client) => client.mayI(questions))).toBe('[false,false,false]');
});

clusterTest('a token that the server does not know', async () => {
  const words = await said(become({ token: 'not-a-token-of-this-cluster' }), getPod);
  expect(words).toMatch(
    /^cluster-denied: the API server https:\S+ does not know who asks \(get pods p in namespace \S+\): Unauthorized$/,
  );
  expect(
    await said(become({ token: 'not-a-token-of-this-cluster' }), (client) => client.exec('p', 'c', ['true'])),
  ).toContain('cluster-denied');
});

clusterTest('nobody at all is not let in', async () => {
  expect(await said(become({}), getPod)).toMatch(/^cluster-(denied|forbidden): /);
});

clusterTest("a certificate authority that is not the cluster's", async () => {
  const words = await said(({ clusters }) => {
    for (const { cluster: of } of clusters) {
      delete of['certificate-authority'];
      delete of['certificate-authority-data'];
    }
  }, getPod);
  expect(words).toMatch(
    /^cluster-unreachable: no safe connection to the API server \S+ \(get pods p .*: its certificate is not signed by the authority/,
  );
});

clusterTest('a server that is down', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  const words = await said(({ clusters }) => {
    for (const { cluster: of } of clusters) of['server'] = `https://127.0.0.1:${port}`;
  }, getPod);
  expect(words).toMatch(
    /^cluster-unreachable: the API server https:\S+ does not answer \(get pods p in namespace \S+\): connection refused/,
  );
});

clusterTest('a context that is not there', async () => {
  await expect(openTestCluster({ context: 'nowhere' })).rejects.toMatchObject({
    code: 'cluster-unconfigured',
    message: expect.stringContaining(`${testKubeconfig}: no context nowhere; it has `),
  });
});
