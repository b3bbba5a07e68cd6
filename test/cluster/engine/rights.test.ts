// Somebody lacks one of the rights that deploy/rbac grants: for each verb on each resource, what a run says, and goes without.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { resources } from '../../../src/engines/kubernetes/client/object.ts';
import { examineRights, rights } from '../../../src/engines/kubernetes/examine/rights.ts';
import { openTestCluster } from '../cluster.ts';
import { endless } from './core-place.ts';
import { ClusterHarness, faultTest } from './harness.ts';
import { makeLimitedUser } from './limited-user.ts';
import { useEnginePlace } from './place.ts';

const place = useEnginePlace('each-right', { full: { cpu: '500m', memory: '1Gi' } });

/** What is seen of somebody who lacks one right. `may`: how a sentence begins that names it. */
type Seen = (kubeconfig: string, may: string) => Promise<void>;

const forbidden = (may: string) => ({
  code: 'cluster-forbidden',
  message: expect.stringContaining(may),
  hint: expect.stringContaining('deploy/rbac'),
});

const open = (kubeconfig: string): Promise<ClusterHarness> =>
  ClusterHarness.open(place(), { settings: { kubeconfig } });

/** No step can be followed: said before the first one. */
const isToldAtOnce: Seen = async (kubeconfig, may) => {
  await expect(open(kubeconfig)).rejects.toMatchObject(forbidden(may));
};

const failsStep: Seen = async (kubeconfig, may) => {
  await using harness = await open(kubeconfig);
  const order = harness.order('true');
  expect(await harness.failure(order)).toMatchObject(forbidden(may));
  await harness.nothingLeft([order.id]);
};

/** Its objects are listed again and again instead. */
const isFollowedAllTheSame: Seen = async (kubeconfig, may) => {
  await using harness = await open(kubeconfig);
  const id = harness.launch(harness.order('sleep 15'));
  expect(await harness.says(id, 'running', 'as last heard')).toContain(may);
  expect((await harness.end(id)).state).toBe('succeeded');
};

const nothingIsMissed: Seen = async (kubeconfig) => {
  await using harness = await open(kubeconfig);
  const order = harness.order('echo well');
  expect((await harness.run(order)).state).toBe('succeeded');
  expect(await harness.log(order.id)).toBe('well\n');
};

/** Another core has made the object, and died before it knew: the POST is repeated, and what is there has to be read. */
const readsWhatIsThere: Seen = async (kubeconfig, may) => {
  await using first = await ClusterHarness.open(place());
  const order = first.order('sleep 20');
  first.launch(order);
  await first.says(order.id, 'running');
  await first.leave();
  rmSync(join(first.directory, 'kubernetes', 'posted', order.id));
  const { directory } = first;
  await using second = await ClusterHarness.open(place(), { directory, recover: [order], settings: { kubeconfig } });
  expect((await second.failed(order.id)).failure).toMatchObject(forbidden(may));
};

/** A step that waits in a queue that another one fills. */
async function waitsIn(harness: ClusterHarness) {
  const full = { queue: 'full', request: { cpuMillis: 400 } };
  const holder = harness.launch(harness.order(endless, full));
  await harness.says(holder, 'running');
  const waits = harness.launch(harness.order('true', { ...full, priorityClass: place().low }));
  await harness.says(waits, 'queued', 'waits for quota');
  return waits;
}

const keepsItsPriority: Seen = async (kubeconfig, may) => {
  await using harness = await open(kubeconfig);
  const waits = await waitsIn(harness);
  await expect(harness.engine.changePriority?.(waits, place().high)).rejects.toMatchObject(forbidden(may));
};

const hasNoPosition: Seen = async (kubeconfig) => {
  await using harness = await open(kubeconfig);
  const waits = await waitsIn(harness);
  const why = await harness.engine.whyQueuedNow(waits);
  expect(why).toContain('waits for quota');
  expect(why).not.toContain('position');
};

const runsOnWhenCancelled: Seen = async (kubeconfig, may) => {
  await using harness = await open(kubeconfig);
  const id = harness.launch(harness.order('sleep 20'));
  await harness.says(id, 'running');
  harness.engine.cancel([id]);
  const { state, failure } = await harness.failed(id);
  expect(state).toBe('cancelled');
  expect(failure.message).toMatch(/^it was cancelled, but its Job \S+ cannot be removed and may run on: /);
  expect(failure.message).toContain(may);
};

/** Of a step without storage it is nowhere else. */
const losesItsLog: Seen = async (kubeconfig, may) => {
  await using harness = await open(kubeconfig);
  const order = harness.order('echo unheard; exit 3');
  expect(await harness.failure(order)).toMatchObject({ class: 'user', exitCode: 3 });
  expect(await harness.log(order.id)).toBe('');
  expect(await harness.log(order.id, 'stderr')).toContain(`its log could not be read: ${may}`);
};

const isNotFollowedLive: Seen = async (kubeconfig, may) => {
  await using harness = await open(kubeconfig);
  const id = harness.launch(harness.order('echo first; sleep 5'));
  await harness.says(id, 'running');
  const read = async (): Promise<string> => {
    let text = '';
    for await (const chunk of harness.engine.logs(id, { stream: 'stdout', follow: true }))
      text += Buffer.from(chunk).toString();
    return text;
  };
  await expect(read()).rejects.toMatchObject(forbidden(may));
  expect((await harness.end(id)).state).toBe('succeeded');
};

/** By resource and verb. Those of other kinds than Jobs are below. */
const table: Readonly<Record<string, Seen>> = {
  'jobs create': failsStep,
  'jobs get': readsWhatIsThere,
  'jobs list': isToldAtOnce,
  'jobs watch': isFollowedAllTheSame,
  'jobs patch': keepsItsPriority,
  'jobs delete': runsOnWhenCancelled,
  'pods get': isNotFollowedLive,
  'pods list': isToldAtOnce,
  'pods watch': isFollowedAllTheSame,
  'pods/log get': losesItsLog,
  'secrets create': failsStep,
  'secrets get': readsWhatIsThere,
  'workloads get': nothingIsMissed,
  'workloads list': isToldAtOnce,
  'workloads watch': isFollowedAllTheSame,
  'localqueues get': nothingIsMissed,
  'localqueues list': isToldAtOnce,
  'localqueues/pendingworkloads get': hasNoPosition,
  'namespaces get': nothingIsMissed,
};

const plain = (group: string, resource: string): string => (group === '' ? resource : `${resource}.${group}`);

const cases = rights()
  .filter(({ namespaced }) => namespaced)
  .flatMap(({ group, resource, subresource, verbs }) =>
    verbs.map((verb) => ({
      verb,
      group,
      name: subresource === undefined ? resource : `${resource}/${subresource}`,
      plain: `${plain(group, resource)}${subresource === undefined ? '' : `/${subresource}`}`,
    })),
  );
const kinds = [
  ['jobset', resources.jobSets],
  ['mpijob', resources.mpiJobs],
] as const;
/** Others are of a kind of workload; without it a run goes on. */
const groupsOfEveryRun = ['', 'batch', 'kueue.x-k8s.io', 'visibility.kueue.x-k8s.io'];

test('each right of deploy/rbac has a row', () => {
  const ofSteps = cases
    .filter(({ group }) => groupsOfEveryRun.includes(group))
    .map(({ name, verb }) => `${name} ${verb}`);
  expect(Object.keys(table).toSorted()).toEqual(ofSteps.toSorted());
});

/** `konverge doctor` names it, and no other. */
async function doctorNames(kubeconfig: string, words: string): Promise<void> {
  const client = await openTestCluster({ kubeconfig, namespace: place().namespace });
  const found = await examineRights(client, {});
  await client.close();
  const ofNamespace = found.filter(({ detail }) => !/clusterqueues|workloadpriorityclasses/.test(detail));
  const lacks = ofNamespace.filter(({ status }) => status !== 'ok');
  expect(lacks.map(({ detail }) => detail)).toEqual([expect.stringContaining(`may not ${words}`)]);
}

describe('who may not', () => {
  for (const { verb, group, name, plain: shown } of cases) {
    faultTest(`${verb} ${shown}`, async () => {
      const user = `no-${verb}-${shown.replaceAll(/[^a-z]+/g, '-')}`;
      const { kubeconfig } = await makeLimitedUser(place(), user, [{ resource: name, verb }]);
      await doctorNames(kubeconfig, `${verb} ${shown}`);
      const seen = table[`${name} ${verb}`];
      if (seen !== undefined) return seen(kubeconfig, `may not ${verb} ${shown}`);
      const [kind] = kinds.find(([, resource]) => resource.group === group) ?? [];
      if (kind === undefined) return;
      // A kind that a user may not have made, followed and removed is none that the cluster serves to this user.
      await using harness = await open(kubeconfig);
      const { served, ...why } = harness.engine.capabilities.kinds[kind];
      const may = `this user may not ${verb} ${shown} in namespace ${place().namespace}`;
      if (verb === 'get' || verb === 'patch') expect(served).toBe(true);
      else expect(why).toMatchObject({ reason: expect.stringContaining(may) });
    });
  }
});
