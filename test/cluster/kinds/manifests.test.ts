// What every kind makes of its samples, against the API server as it is: a dry run there, with every field checked, the webhooks of
// Kueue and of the operators, and Pod Security. Nothing is created.
import { spawnSync } from 'node:child_process';
import { beforeAll, describe, expect } from 'vitest';
import { buildStep } from '../../../src/engines/kubernetes/build-step.ts';
import type { KubernetesObject, ResourceType } from '../../../src/engines/kubernetes/client/object.ts';
import { versionsOf } from '../../../src/engines/kubernetes/client/versions-of.ts';
import { kindList } from '../../../src/engines/kubernetes/kinds/registry.ts';
import { samplesOf } from '../../../src/engines/kubernetes/kinds/samples.ts';
import { buildConfigMap } from '../../../src/engines/kubernetes/pod/build-config-map.ts';
import { buildPodJob } from '../../../src/engines/kubernetes/pod/build-pod-job.ts';
import { buildSecret } from '../../../src/engines/kubernetes/pod/build-secret.ts';
import { sampleContext, sampleSettings } from '../../../src/engines/kubernetes/pod/sample-orders.ts';
import { clusterTest, namespaces, testKubeconfig, useCluster } from '../cluster.ts';

const cluster = useCluster('manifests');
const serviceAccounts: ResourceType = {
  group: '',
  version: 'v1',
  kind: 'ServiceAccount',
  plural: 'serviceaccounts',
  namespaced: true,
};

beforeAll(async () => {
  if (testKubeconfig === undefined) return;
  const { client, namespace } = cluster();
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
  await client.patch(namespaces, namespace, { metadata: { labels } });
  for (const name of ['steps', 'default']) {
    await client.create(serviceAccounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name } });
  }
});

/** The object as the server would have made it. Throws its words: a field that it does not know is one of them. */
function dryRun(object: KubernetesObject): KubernetesObject {
  const { kubeconfig } = cluster();
  const kubectl = process.env['KONVERGE_TEST_KUBECTL'] ?? 'kubectl';
  const words = ['create', '--dry-run=server', '--validate=strict', '--output=json', '--filename=-'];
  const { status, stdout, stderr } = spawnSync(kubectl, ['--kubeconfig', kubeconfig, ...words], {
    input: JSON.stringify(object),
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as KubernetesObject;
}

describe.each(kindList().map((kind) => [kind.name, kind] as const))('%s', (name, kind) => {
  describe.each(Object.entries(samplesOf[name]))('%s', (_sample, { order, settings: changes }) => {
    const settings = { ...sampleSettings, ...changes };
    const build = () => buildStep(order, settings, { ...sampleContext, namespace: cluster().namespace });

    clusterTest('the object, its Secret and its ConfigMap are taken as they are', async () => {
      const { object, pod } = build();
      const versions = (await versionsOf(cluster().client, kind.resource, {})) ?? [];
      if (versions.includes(kind.resource.version)) {
        const taken = dryRun(object);
        expect(taken).toMatchObject(object);
        if (kind.queued === undefined) expect(kind.status(taken)).toEqual({ suspended: true });
      }
      const owner = { ...object, metadata: { ...object.metadata, uid: '4f9c3a1e-0000-4000-8000-000000000000' } };
      const job = buildPodJob(order, settings, { stores: {}, environment: {} });
      const secret = buildSecret(order, pod, { job }, owner);
      expect(dryRun(secret)).toMatchObject(secret);
      const configMap = buildConfigMap(order, pod);
      if (configMap) expect(dryRun(configMap)).toMatchObject(configMap);
    });

    clusterTest('its pods are taken where Pod Security is restricted, unless their rule says baseline', async () => {
      // As its image is, so are its pods.
      if ('user' in kind.limits) return;
      const { object, pod } = build();
      for (const { name: set, spec } of kind.podSets(object)) {
        const wanted: KubernetesObject = {
          apiVersion: 'v1',
          kind: 'Pod',
          metadata: { name: `${pod.name}-${set}`, namespace: pod.namespace },
          spec: { ...spec },
        };
        if (order.spec.security === 'baseline')
          expect(() => dryRun(wanted)).toThrow('violates PodSecurity "restricted');
        else expect(dryRun(wanted)).toMatchObject(wanted);
      }
    });
  });
});
