import { beforeAll, describe, expect } from 'vitest';
import type { KubernetesObject, ResourceType } from '../../../src/engines/kubernetes/client/object.ts';
import { resources } from '../../../src/engines/kubernetes/client/object.ts';
import { kindOf } from '../../../src/engines/kubernetes/kinds/registry.ts';
import { buildPodJob } from '../../../src/engines/kubernetes/pod/build-pod-job.ts';
import { buildSecret } from '../../../src/engines/kubernetes/pod/build-secret.ts';
import { buildStepPod } from '../../../src/engines/kubernetes/pod/build-step-pod.ts';
import { sampleContext, sampleSettings, samples } from '../../../src/engines/kubernetes/pod/sample-orders.ts';
import { clusterTest, namespaces, testKubeconfig, useCluster } from '../cluster.ts';

/**
 * The orders of the golden files against the API server, its Pod Security and Kueue's webhooks. Nothing runs: no LocalQueue of that name
 * is in the namespace, and pods have a gate that nobody opens. A field that the server does not know it drops without a word, so
 * what comes back has to have all that was sent.
 */
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
  await client.patch(namespaces, namespace, {
    metadata: { labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
  });
  for (const name of ['steps', 'default']) {
    await client.create(serviceAccounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name } });
  }
});

/** Each sample gets an id of its own, and so names that are free. */
function build(name: string) {
  const sample = samples[name];
  if (sample === undefined) throw new Error(`there is no sample ${name}`);
  const order = { ...sample.order, id: `${sample.order.id.slice(0, -1)}${Object.keys(samples).indexOf(name) + 1}` };
  const settings = { ...sampleSettings, ...sample.settings };
  const typed = order as typeof sample.order;
  const context = { ...sampleContext, namespace: cluster().namespace };
  return { order: typed, settings, context, pod: buildStepPod(typed, settings, context) };
}

function gatedPod({ pod }: ReturnType<typeof build>): KubernetesObject {
  const { metadata, spec } = pod.template;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...metadata, name: pod.name },
    spec: { ...spec, schedulingGates: [{ name: 'konverge/test' }] },
  };
}

describe.each(Object.keys(samples))('the manifests of the sample %s', (name) => {
  clusterTest('the Job and its Secret are taken as they are', async () => {
    const { client } = cluster();
    const { order, settings, context, pod } = build(name);
    const kind = kindOf('job');
    const manifest = kind.manifest(order, pod, { settings, context });
    const { object, existed } = await client.create(kind.resource, manifest);
    expect(existed).toBe(false);
    expect(object).toMatchObject(manifest);
    expect(kind.status(object)).toEqual({ suspended: true });
    const secret = buildSecret(
      order,
      pod,
      { job: buildPodJob(order, settings, { stores: {}, environment: {} }) },
      object,
    );
    expect((await client.create(resources.secrets, secret)).object).toMatchObject(secret);
  });

  clusterTest(
    `its pod ${name === 'baseline' ? 'is refused' : 'is taken'} where Pod Security is restricted`,
    async () => {
      const { client } = cluster();
      const pod = gatedPod(build(name));
      if (name === 'baseline') {
        await expect(client.create(resources.pods, pod)).rejects.toMatchObject({ code: 'cluster-refused' });
      } else {
        expect((await client.create(resources.pods, pod)).object).toMatchObject(pod);
      }
    },
  );
});
