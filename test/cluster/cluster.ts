import { readFileSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, type TestContext, test } from 'vitest';
import { parse } from 'yaml';
import type { ClusterClient } from '../../src/engines/kubernetes/client/cluster-client.ts';
import type { KubernetesObject, ResourceType } from '../../src/engines/kubernetes/client/object.ts';
import { type ClientOptions, openClusterClient } from '../../src/engines/kubernetes/client/open-client.ts';
import { systemClock } from '../../src/ports/clock.ts';
import { silentLogger } from '../../src/ports/logger.ts';

/** A kubeconfig of an administrator of the cluster that tests may use as they like; `npm run test:cluster` sets it. */
export const testKubeconfig = process.env['KONVERGE_TEST_KUBECONFIG'];

const noCluster = 'not possible here: no cluster (npm run test:cluster runs these)';

/** An image of the testbed with bash, coreutils and Python. */
export const appsImage = 'docker.io/konverge/apps:dev';

export const namespaces: ResourceType = {
  group: '',
  version: 'v1',
  kind: 'Namespace',
  plural: 'namespaces',
  namespaced: false,
};

/** A client, and a namespace that is this test file's alone. */
export interface TestCluster {
  readonly kubeconfig: string;
  readonly client: ClusterClient;
  readonly namespace: string;
}

/** A test that needs a cluster: skipped, with the reason, where there is none. */
export function clusterTest(name: string, body: () => Promise<void>, timeoutMs = 60_000): void {
  test(name, { timeout: timeoutMs }, async (context: TestContext) => {
    if (testKubeconfig === undefined) context.skip(noCluster);
    await body();
  });
}

/**
 * Once per test file, outside of its tests: a fresh namespace before them, and its removal with everything in it after them.
 * What it returns may be called in tests and hooks.
 */
export function useCluster(label: string): () => TestCluster {
  let cluster: TestCluster | undefined;
  beforeAll(async () => {
    if (testKubeconfig === undefined) return;
    const namespace = `test-${label}-${Date.now().toString(36)}${process.pid.toString(36)}`;
    const client = await openTestCluster({ namespace });
    await client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
    cluster = { kubeconfig: testKubeconfig, client, namespace };
  }, 60_000);
  afterAll(async () => {
    if (cluster === undefined) return;
    await cluster.client.remove(namespaces, cluster.namespace);
    await cluster.client.close();
  }, 60_000);
  return () => {
    if (cluster === undefined) throw new Error('only for tests that need a cluster: use clusterTest');
    return cluster;
  };
}

/** A further client, of somebody else or of another server. To be closed by who asks for it. */
export function openTestCluster(more: Partial<ClientOptions>): Promise<ClusterClient> {
  return openClusterClient({
    kubeconfig: testKubeconfig ?? '',
    userAgent: 'konverge/test (cluster)',
    fieldManager: 'konverge',
    logger: silentLogger,
    clock: systemClock,
    ...more,
  });
}

interface Kubeconfig {
  clusters: { name: string; cluster: Record<string, unknown> }[];
  users: { name: string; user: Record<string, unknown> }[];
}

/** The administrator's kubeconfig with a change, as a file. */
export async function changedKubeconfig(change: (of: Kubeconfig) => void): Promise<string> {
  const content = parse(readFileSync(testKubeconfig ?? '', 'utf8')) as Kubeconfig;
  change(content);
  const file = path.join(await mkdtemp(path.join(tmpdir(), 'konverge-kubeconfig-')), 'config');
  await writeFile(file, JSON.stringify(content), { mode: 0o600 });
  return file;
}

/** A pod of one container, that asks for little and ends at once when told to. */
export function podOf(name: string, script: string, image = appsImage): KubernetesObject {
  const container = {
    name: 'main',
    image,
    imagePullPolicy: 'IfNotPresent',
    command: ['/bin/sh', '-c', script],
    resources: { requests: { cpu: '20m', memory: '32Mi' }, limits: { memory: '128Mi' } },
  };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: {
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: 1,
      automountServiceAccountToken: false,
      containers: [container],
    },
  };
}
