import { expect, vi } from 'vitest';
import { type ResourceType, resources } from '../../../src/engines/kubernetes/client/object.ts';
import { openTestCluster } from '../cluster.ts';
import { ClusterHarness, faultTest } from './harness.ts';
import { makeLimitedUser } from './limited-user.ts';
import { useEnginePlace } from './place.ts';

const place = useEnginePlace('rights');
const endless = "trap 'exit 143' TERM; sleep 300 & wait";

const webhookConfigurations: ResourceType = {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'ValidatingWebhookConfiguration',
  plural: 'validatingwebhookconfigurations',
  namespaced: false,
};

faultTest('the rights that we ask for are enough', async () => {
  const { kubeconfig } = await makeLimitedUser(place(), 'enough');
  await using harness = await ClusterHarness.open(place(), { settings: { kubeconfig } });
  const order = harness.order('echo allowed');
  expect((await harness.run(order)).state).toBe('succeeded');
  expect(await harness.log(order.id)).toBe('allowed\n');
  const cancelled = harness.launch(harness.order(endless));
  await harness.says(cancelled, 'running');
  harness.engine.cancel([cancelled]);
  expect((await harness.end(cancelled)).state).toBe('cancelled');
});

faultTest('who may not create Secrets: the right is named, and no Job is left', async () => {
  const { namespace } = place();
  const { kubeconfig } = await makeLimitedUser(place(), 'secretless', [{ resource: 'secrets', verb: 'create' }]);
  await using harness = await ClusterHarness.open(place(), { settings: { kubeconfig } });
  const order = harness.order('true');
  const failure = await harness.failure(order);
  expect(failure).toMatchObject({
    class: 'never-admissible',
    code: 'cluster-forbidden',
    message: expect.stringMatching(new RegExp(`^may not create secrets \\S+ in namespace ${namespace}: `)),
    hint: expect.stringContaining('deploy/rbac'),
  });
  await harness.nothingLeft([order.id]);
});

faultTest('who may not create Jobs', async () => {
  const { kubeconfig } = await makeLimitedUser(place(), 'jobless', [{ resource: 'jobs', verb: 'create' }]);
  await using harness = await ClusterHarness.open(place(), { settings: { kubeconfig } });
  const order = harness.order('true');
  expect(await harness.failure(order)).toMatchObject({
    code: 'cluster-forbidden',
    message: expect.stringMatching(/^may not create jobs\.batch \S+ in namespace /),
  });
  expect(await harness.leftOf(order.id)).toEqual([]);
});

faultTest('who may not delete Jobs: a cancellation says what is left', async () => {
  const { kubeconfig } = await makeLimitedUser(place(), 'keeper', [{ resource: 'jobs', verb: 'delete' }]);
  await using harness = await ClusterHarness.open(place(), { settings: { kubeconfig } });
  const order = harness.order('sleep 20');
  harness.launch(order);
  await harness.says(order.id, 'running');
  const { metadata } = await harness.job(order.id);
  harness.engine.cancel([order.id]);
  const { state, failure } = await harness.failed(order.id);
  expect(state).toBe('cancelled');
  expect(failure.message).toMatch(
    new RegExp(`^it was cancelled, but its Job ${metadata.name} cannot be removed and may run on: may not delete jobs`),
  );
});

faultTest('who may not list pods is told before the first step', async () => {
  const { kubeconfig } = await makeLimitedUser(place(), 'blind', [{ resource: 'pods', verb: 'list' }]);
  await expect(ClusterHarness.open(place(), { settings: { kubeconfig } })).rejects.toMatchObject({
    code: 'cluster-forbidden',
    message: expect.stringMatching(/^may not list pods in namespace /),
  });
});

faultTest('credentials that expire in the middle: steps wait, and go on with new ones', async () => {
  const { kubeconfig, revoke, renew } = await makeLimitedUser(place(), 'expiring');
  await using harness = await ClusterHarness.open(place(), { settings: { kubeconfig } });
  const before = harness.launch(harness.order('while ! [ -e go ]; do sleep 0.2; done'));
  await harness.says(before, 'running');
  const client = await openTestCluster({ kubeconfig, namespace: place().namespace });
  await revoke();
  await vi.waitFor(() => expect(client.list(resources.pods)).rejects.toMatchObject({ code: 'cluster-denied' }), 30_000);
  await client.close();
  const during = harness.launch(harness.order('true'));
  expect(await harness.says(during, 'queued', 'does not know who asks')).toMatch(/Unauthorized$/);
  await renew();
  expect((await harness.end(during)).state).toBe('succeeded');
  const { metadata } = await harness.pod(before);
  await place().client.exec(metadata.name, 'step', ['sh', '-c', 'touch /konverge/work/go']);
  expect((await harness.end(before)).state).toBe('succeeded');
});

faultTest('a webhook that does not answer: steps wait, say so, and go on', async () => {
  const { client, namespace } = place();
  const name = `${namespace}-down`;
  await client.create(webhookConfigurations, {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: webhookConfigurations.kind,
    metadata: { name },
    webhooks: [
      {
        name: 'down.konverge.test',
        clientConfig: { url: 'https://127.0.0.1:1/validate' },
        // One rule alone would hold up the other cases of this namespace.
        matchConditions: [{ name: 'its-own', expression: "object.metadata.name.startsWith('hooked-')" }],
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
        rules: [{ apiGroups: ['batch'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['jobs'] }],
        failurePolicy: 'Fail',
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
        timeoutSeconds: 2,
      },
    ],
  });
  await using harness = await ClusterHarness.open(place());
  const order = harness.order('true', { rule: 'hooked' });
  try {
    harness.launch(order);
    expect(await harness.says(order.id, 'queued', 'failed calling webhook')).toMatch(
      /could not create jobs\.batch hooked-\S+ in namespace \S+ \(status 500\)/,
    );
    expect(await harness.leftOf(order.id)).toEqual([]);
  } finally {
    await client.remove(webhookConfigurations, name);
  }
  expect((await harness.end(order.id)).state).toBe('succeeded');
});

faultTest('an admission that refuses fails the step at once, with its words', async () => {
  await using harness = await ClusterHarness.open(place(), { settings: { priorityClass: 'no such class' } });
  const order = harness.order('true');
  expect(await harness.failure(order)).toMatchObject({
    class: 'never-admissible',
    code: 'cluster-refused',
    message: expect.stringMatching(/^the API server refuses to create jobs\.batch .*"no such class"/s),
  });
  expect(await harness.leftOf(order.id)).toEqual([]);
});
