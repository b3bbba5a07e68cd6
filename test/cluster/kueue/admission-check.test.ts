// Admission checks: the test is the controller of one, as ProvisioningRequest and MultiKueue have theirs.
import { afterAll, beforeAll, expect } from 'vitest';
import { type ResourceType, resources } from '../../../src/engines/kubernetes/client/object.ts';
import { clusterTest, testKubeconfig } from '../cluster.ts';
import { kubectl } from '../kubectl.ts';
import { usePlace } from './place.ts';

const place = usePlace('checks');
const checks: ResourceType = {
  group: 'kueue.x-k8s.io',
  version: 'v1beta2',
  kind: 'AdmissionCheck',
  plural: 'admissionchecks',
  namespaced: false,
};

const checkName = (): string => `${place().namespace}-check`;

// A queue of its own, whose ClusterQueue has the check.
beforeAll(async () => {
  if (testKubeconfig === undefined) return;
  const { client, clusterQueue } = place();
  const name = checkName();
  const create = (type: ResourceType, called: string, spec: object) =>
    client.create(type, {
      apiVersion: 'kueue.x-k8s.io/v1beta2',
      kind: type.kind,
      metadata: { name: called },
      spec: { ...spec },
    });
  await create(checks, name, { controllerName: 'konverge.test/by-hand' });
  await setStatus('admissionchecks', name, { conditions: [condition('Active')] });
  const like = await client.get(resources.clusterQueues, clusterQueue);
  await create(resources.clusterQueues, name, {
    namespaceSelector: {},
    resourceGroups: like?.spec?.['resourceGroups'],
    admissionChecksStrategy: { admissionChecks: [{ name }] },
  });
  await create(resources.localQueues, 'checked', { clusterQueue: name });
}, 60_000);

afterAll(async () => {
  if (testKubeconfig === undefined) return;
  const { client } = place();
  await client.removeAll(resources.jobs, { labelSelector: 'konverge-test' });
  await client.remove(resources.clusterQueues, checkName());
  await client.remove(checks, checkName());
}, 60_000);

function condition(type: string) {
  const at = new Date().toISOString();
  return { type, status: 'True', reason: 'ByHand', message: 'of a test', lastTransitionTime: at };
}

async function setStatus(plural: string, name: string, status: object): Promise<void> {
  const patch = JSON.stringify({ status });
  await kubectl(
    place(),
    'patch',
    `${plural}.kueue.x-k8s.io`,
    name,
    '--subresource=status',
    '--type=merge',
    '-p',
    patch,
  );
}

/** What the controller says of the check of a Workload. */
async function decide(job: string, state: 'Ready' | 'Retry' | 'Rejected', message: string): Promise<void> {
  const { workload } = await place().until(job, ({ phase }) => phase.kind === 'quota-reserved');
  const told = { name: checkName(), state, message, lastTransitionTime: new Date().toISOString() };
  await setStatus('workloads', workload?.metadata.name ?? '', { admissionChecks: [told] });
}

const checked = { queue: 'checked', cpu: '100m' };

clusterTest(
  'has its quota and waits for an admission check, and is admitted when that is ready',
  async () => {
    const { submit, until } = place();
    await submit('passes', { ...checked, script: 'exit 0' });
    const { phase, state } = await until('passes', ({ phase: { sentence } }) => sentence.includes('admission checks'));
    expect(phase).toMatchObject({
      kind: 'quota-reserved',
      sentence: expect.stringMatching(`^has its quota and waits for admission checks: ${checkName()}`),
    });
    expect(state).toBe('queued');
    await decide('passes', 'Ready', 'there is room');
    await until('passes', (seen) => seen.state === 'succeeded');
  },
  120_000,
);

clusterTest(
  'an admission check that wants it to be tried again',
  async () => {
    const { submit, until, said } = place();
    await submit('again', { ...checked, script: 'exit 0' });
    await decide('again', 'Retry', 'no machine yet');
    const { phase, state } = await until('again', ({ phase: { kind } }) => kind === 'evicted');
    expect(phase).toMatchObject({
      reason: 'AdmissionCheck',
      sentence: expect.stringMatching(/^was evicted by an admission check, and starts anew/),
    });
    expect(state).toBe('queued');
    await decide('again', 'Ready', 'there is one');
    await until('again', (seen) => seen.state === 'succeeded');
    expect(said('again').filter((line) => line.startsWith('failed'))).toEqual([]);
  },
  120_000,
);

clusterTest(
  'an admission check that refuses it',
  async () => {
    const { submit, until } = place();
    await submit('refused', checked);
    await decide('refused', 'Rejected', 'no money left');
    const { look, phase } = await until('refused', ({ phase: { kind } }) => kind === 'deactivated');
    expect(phase.reason).toBe('DeactivatedDueToAdmissionCheck');
    expect(look.observations.at(-1)).toMatchObject({
      state: 'failed',
      failure: { class: 'never-admissible', message: expect.stringContaining('no money left') },
    });
  },
  120_000,
);
