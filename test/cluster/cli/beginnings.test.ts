// A run that cannot begin: the reason once, with its code and what to do, and the exit code for it. Nothing is run.
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { changedKubeconfig, clusterTest, useCluster } from '../cluster.ts';
import { type Directory, makeDirectory } from './konverge.ts';

const empty = useCluster('beginnings');

const snakefile = 'rule all:\n    output: "out"\n    shell: "touch {output}"\n';

/** What `konverge run` says, line by line. */
async function refused(
  directory: Directory,
  kubeconfig: string | undefined,
  ...yaml: readonly string[]
): Promise<readonly string[]> {
  directory.write('Snakefile', snakefile);
  directory.write('konverge.yaml', ['engine: kubernetes', ...yaml].join('\n'));
  const { code, stdout, stderr } = await directory.konverge(['run', '--plain'], kubeconfig);
  expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
  expect(existsSync(path.join(directory.path, 'out'))).toBe(false);
  return stderr.trimEnd().split('\n');
}

test('without a kubeconfig', { timeout: 60_000 }, async () => {
  using directory = makeDirectory();
  const config = path.join(directory.path, 'home/.kube/config');
  expect(await refused(directory, undefined)).toEqual([
    `konverge: cluster-unconfigured: there is no kubeconfig at ${config}, and this is no pod with a service account`,
    expect.stringContaining('Set KUBECONFIG'),
  ]);
});

test('a kubeconfig that is named and not there', { timeout: 60_000 }, async () => {
  using directory = makeDirectory();
  expect(await refused(directory, undefined, 'kubernetes: {kubeconfig: /no/such/file}')).toEqual([
    'konverge: cluster-unconfigured: the kubeconfig /no/such/file cannot be read: it is not there',
    expect.any(String),
  ]);
});

clusterTest('a context that is not there', async () => {
  using directory = makeDirectory();
  const { kubeconfig } = empty();
  expect(await refused(directory, kubeconfig, 'kubernetes: {context: nowhere}')).toEqual([
    expect.stringMatching(/^konverge: cluster-unconfigured: \S+: no context nowhere; it has \S+/),
    expect.any(String),
  ]);
});

clusterTest('a token that has expired', async () => {
  using directory = makeDirectory();
  const kubeconfig = await changedKubeconfig(({ users }) => {
    for (const entry of users) entry.user = { token: 'expired' };
  });
  expect(await refused(directory, kubeconfig)).toEqual([
    expect.stringMatching(/^konverge: cluster-denied: the API server \S+ does not know who asks/),
    expect.stringContaining('Log in to the cluster again'),
  ]);
});

clusterTest('a namespace without a queue', async () => {
  using directory = makeDirectory();
  const { kubeconfig, namespace } = empty();
  expect(await refused(directory, kubeconfig, `namespace: ${namespace}`)).toEqual([
    `konverge: queue-unknown: there is no LocalQueue in namespace ${namespace}`,
    expect.stringContaining('Ask who runs the cluster for a LocalQueue'),
  ]);
});

clusterTest('somebody without rights', async () => {
  using directory = makeDirectory();
  const { namespace } = empty();
  const kubeconfig = await changedKubeconfig(({ users }) => {
    for (const { user } of users) user['as'] = 'somebody';
  });
  expect(await refused(directory, kubeconfig, `namespace: ${namespace}`)).toEqual([
    expect.stringMatching(/^konverge: cluster-forbidden: may not list localqueues\.kueue\.x-k8s\.io in namespace/),
    expect.stringContaining('deploy/rbac'),
  ]);
});

clusterTest(
  'a server that is down, and one that takes connections and says nothing',
  async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const sockets = new Set<Socket>();
    server.on('connection', (socket) => sockets.add(socket));
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    const down = await changedKubeconfig(({ clusters }) => {
      for (const { cluster } of clusters) cluster['server'] = 'https://127.0.0.1:1';
    });
    const silent = await changedKubeconfig(({ clusters }) => {
      for (const { cluster } of clusters) cluster['server'] = `https://127.0.0.1:${port}`;
    });
    using one = makeDirectory();
    using other = makeDirectory();
    const [ofDown, ofSilent] = await Promise.all([refused(one, down), refused(other, silent)]);
    expect(ofDown).toEqual([
      expect.stringMatching(/^konverge: cluster-unreachable: the API server https:\S+:1 does not answer .* refused/),
      expect.stringContaining('Check the network and the server'),
    ]);
    expect(ofSilent).toEqual([
      expect.stringMatching(/^konverge: cluster-unreachable: the API server https:\S+ does not answer/),
      expect.any(String),
    ]);
  },
  150_000,
);
