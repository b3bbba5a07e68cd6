// The JobSets of the golden files against the API server, JobSet's webhook, Kueue's, and Pod Security. Nothing runs: no LocalQueue of
// that name is in the namespace, and pods have a gate that nobody opens.
import { beforeAll, describe, expect } from 'vitest';
import { buildStep } from '../../../src/engines/kubernetes/build-step.ts';
import { type ResourceType, resources } from '../../../src/engines/kubernetes/client/object.ts';
import { membersOf } from '../../../src/engines/kubernetes/kinds/jobset/manifest.ts';
import { applicationName } from '../../../src/engines/kubernetes/kinds/jobset/members.ts';
import { jobSetSamples } from '../../../src/engines/kubernetes/kinds/jobset/samples.ts';
import { sampleContext, sampleSettings } from '../../../src/engines/kubernetes/pod/sample-orders.ts';
import { clusterTest, namespaces, testKubeconfig, useCluster } from '../cluster.ts';

const cluster = useCluster('jobset-manifests');
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

describe.each(Object.entries(jobSetSamples))('the manifests of the sample %s', (_name, { order, settings }) => {
  const build = () =>
    buildStep(order, { ...sampleSettings, ...settings }, { ...sampleContext, namespace: cluster().namespace });

  clusterTest('the JobSet is taken as it is', async () => {
    const { kind, object } = build();
    const { object: taken, existed } = await cluster().client.create(kind.resource, object);
    expect(existed).toBe(false);
    // A field that the server does not know it drops without a word.
    expect(taken).toMatchObject(object);
    expect(kind.status(taken)).toEqual({ suspended: true });
    await cluster().client.remove(kind.resource, object.metadata.name);
  });

  clusterTest('the pods of services are as restricted as those of steps', async () => {
    const { object, pod } = build();
    for (const { name, template } of membersOf(object).filter((member) => member.name !== applicationName)) {
      const service = {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { ...template.metadata, name: `${pod.name}-${name}` },
        spec: { ...template.spec, schedulingGates: [{ name: 'konverge/test' }] },
      };
      const taken = cluster().client.create(resources.pods, service);
      if (order.spec.security === 'baseline') await expect(taken).rejects.toMatchObject({ code: 'cluster-refused' });
      else expect((await taken).object).toMatchObject(service);
    }
  });
});
