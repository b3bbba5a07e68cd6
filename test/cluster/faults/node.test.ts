// The node of a step is gone. The cluster has one node: its kubelet is stopped, and the shims of pods are killed.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, vi } from 'vitest';
import type { ObjectLocation, S3Settings } from '../../../src/domain/object-location.ts';
import type { StagingPlan } from '../../../src/domain/staging.ts';
import { type KubernetesObject, resources } from '../../../src/engines/kubernetes/client/object.ts';
import { stepOf } from '../../../src/engines/kubernetes/labels.ts';
import { readWhole } from '../../../src/staging/read-whole.ts';
import { openObjectStore } from '../../../src/storage/objects/registry.ts';
import { CoreProcess } from '../../core/core-process.ts';
import { s3 } from '../../testbed/addresses.ts';
import { type Cluster, openCluster } from '../../testbed/cluster.ts';
import { clusterTest, testKubeconfig } from '../cluster.ts';
import { bareRequest, coreDirectory, endless } from '../engine/core-place.ts';
import { ClusterHarness } from '../engine/harness.ts';
import { useEnginePlace } from '../engine/place.ts';
import { kubectl } from '../kubectl.ts';
import { killPod } from './shims.ts';
import { standInNode } from './stand-in-node.ts';

const place = useEnginePlace('node-loss');
/** The node controller waits 50 s for a kubelet, a step tolerates that for 30 s, and its pod is waited for another 30 s. */
const lossMs = 120_000;

const nodeLost = 'its pod was ended on node testbed: its node no longer takes it, or does not answer';

async function openOwnCluster(): Promise<Cluster> {
  const testbed = await openCluster();
  // Of another cluster nobody may stop a part.
  expect(testKubeconfig).toBe(testbed.kubeconfig);
  return testbed;
}

async function podOf(step: string): Promise<KubernetesObject> {
  const { items } = await place().client.list(resources.pods);
  const pod = items.find(({ metadata }) => stepOf(metadata) === step);
  if (pod === undefined) throw new Error(`no pod of ${step}`);
  return pod;
}

/** As the node controller does it after 80 s for every pod of a node: here for one, and at once. */
async function evict(pod: string): Promise<void> {
  // Without a time the disruption controller would take it for an old one, and take it back.
  const lastTransitionTime = new Date().toISOString();
  const why = { reason: 'DeletionByTaintManager', message: 'by a test', lastTransitionTime };
  const condition = { type: 'DisruptionTarget', status: 'True', ...why };
  const patch = JSON.stringify({ status: { conditions: [condition] } });
  await kubectl(place(), 'patch', 'pod', pod, '--subresource=status', '-p', patch);
  await place().client.remove(resources.pods, pod);
}

/** Somebody has told the pod to go: a deletion that its node does not hear of. */
async function isLeaving(name: string): Promise<void> {
  const leaving = Promise.withResolvers<void>();
  const deadline = setTimeout(() => leaving.reject(new Error(`nobody deletes pod ${name}`)), lossMs);
  const watch = place().client.reflect(resources.pods, {
    fieldSelector: `metadata.name=${name}`,
    changed: ({ metadata }) => metadata.deletionTimestamp !== undefined && leaving.resolve(),
    gone: () => leaving.resolve(),
  });
  try {
    await leaving.promise;
  } finally {
    clearTimeout(deadline);
    watch.close();
  }
}

clusterTest(
  'the pods of a node that does not answer: a step is lost, whether its command has ended with it or runs on',
  async () => {
    const testbed = await openOwnCluster();
    await using _node = await standInNode(place());
    await using harness = await ClusterHarness.open(place());
    const dies = harness.launch(harness.order(endless));
    const runsOn = harness.launch(harness.order(endless));
    for (const id of [dies, runsOn]) await harness.says(id, 'running');
    const pods = [await harness.pod(dies), await harness.pod(runsOn)];
    await testbed.stop('kubelet');
    try {
      await killPod(pods[0]?.metadata.uid ?? '');
      for (const pod of pods) await isLeaving(pod.metadata.name);
      for (const id of [dies, runsOn]) {
        expect((await harness.failed(id)).failure).toMatchObject({
          class: 'lost',
          code: 'workload-lost',
          message: nodeLost,
        });
      }
    } finally {
      await testbed.start('kubelet');
    }
    await harness.nothingLeft([dies, runsOn]);
  },
  2 * lossMs + 60_000,
);

clusterTest(
  'a step that runs on where nobody hears of it: it is run again, and what it makes later does not count',
  async () => {
    const testbed = await openOwnCluster();
    const { namespace } = place();
    const bucket = bucketOf(`${namespace}/`);
    const workdir = coreDirectory(place(), 'main', { volumes: [], cancel_grace: 1 });
    const core = await CoreProcess.start(workdir);
    const { session } = await core.open({ storage: bucket.storage });
    const beats = setInterval(() => void core.told(session, 0).catch(() => undefined), 3000);
    onTestFinished(() => clearInterval(beats));
    // Its first generation waits for a word; each says in which pod it has run.
    const command = (name: string) =>
      `case $HOSTNAME in *-g1-*) until [ -e go ]; do sleep 0.2; done;; esac; echo $HOSTNAME > ${name}`;
    const names = ['dies', 'late'];
    const taken = await core.submit(
      session,
      names.map((name) =>
        bareRequest(workdir, name, command(name), { outputs: [bucket.url(name)], staging: bucket.plan(name) }),
      ),
    );
    for (const name of names) await core.event(session, isRunning(name), 0, 60_000);
    const pods = await Promise.all(taken.map(({ step }) => podOf(step ?? '')));
    const [dies, late] = pods.map(({ metadata }) => metadata.uid ?? '') as [string, string];

    await testbed.stop('kubelet');
    try {
      await killPod(dies);
      for (const { metadata } of pods) await evict(metadata.name);
      for (const name of names) await withStory(core, core.event(session, runsAgain(name), 0, lossMs));
      const shared = 'volumes/kubernetes.io~empty-dir/konverge-shared/work';
      writeFileSync(join(testbed.place.data, 'kubelet/pods', late, shared, 'go'), '');
      await vi.waitFor(async () => expect(await bucket.manifests()).toHaveLength(1), {
        timeout: 60_000,
        interval: 100,
      });
      expect(await bucket.uploads()).toEqual([bucket.key('late')]);
      expect(await bucket.text('late')).toBeUndefined();
    } finally {
      await testbed.start('kubelet');
    }
    for (const name of names) {
      const end = await withStory(core, core.endOf(session, `${name}.1`, 0, lossMs));
      expect(end).toMatchObject({ state: 'succeeded' });
      expect(await bucket.text(name)).toMatch(/-a1-g2-\w+\n$/);
    }
    expect((await core.steps()).filter(({ state }) => state === 'succeeded').map(({ restarts }) => restarts)).toEqual([
      1, 1,
    ]);
    // What an attempt that was given up has left, the next run ends.
    clearInterval(beats);
    await core.close(session);
    await core.exit;
    const next = await CoreProcess.start(workdir);
    await next.open({ storage: bucket.storage });
    await vi.waitFor(async () => expect([await bucket.uploads(), await bucket.manifests()]).toEqual([[], []]), {
      timeout: 60_000,
      interval: 100,
    });
    for (const name of names) expect(await bucket.text(name)).toMatch(/-a1-g2-\w+\n$/);
  },
  2 * lossMs + 60_000,
);

/** What a wait in vain has to say: where the steps are. */
function withStory<T>(core: CoreProcess, wait: Promise<T>): Promise<T> {
  return wait.catch(async (error: Error) => {
    const steps = (await core.steps()).map(({ step, state, reason }) => `${step} ${state}: ${reason}`);
    throw new Error(`${error.message}; ${steps.join(' | ')}`, { cause: error });
  });
}

interface Seen {
  readonly ref: string;
  readonly state: string;
  readonly reason: string;
}

function isRunning(name: string): (event: Seen) => boolean {
  return ({ ref, state }) => ref === `${name}.1` && state === 'running';
}

function runsAgain(name: string): (event: Seen) => boolean {
  return ({ ref, reason }) => ref === `${name}.1` && reason === `runs again: ${nodeLost}`;
}

/** A place in the testbed's bucket, as a session and its steps name it. */
function bucketOf(prefix: string) {
  const settings: S3Settings = {
    kind: 's3',
    endpointUrl: s3.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: s3.accessKey, secretAccessKey: s3.secretKey },
    pathStyle: true,
  };
  // The client of S3 writes into what it is given.
  const store = openObjectStore(structuredClone(settings));
  onTestFinished(() => store.close());
  const key = (name: string): string => `${prefix}${name}`;
  const at = (name: string): ObjectLocation => ({ store: 's3', bucket: s3.bucket, key: key(name) });
  const area = at('.konverge');
  return {
    storage: { stores: { s3: settings }, environment: {} },
    key,
    url: (name: string) => `s3://${s3.bucket}/${key(name)}`,
    plan: (name: string): StagingPlan => ({
      by: 'agent',
      area,
      inputs: [],
      outputs: [{ path: name, at: at(name), kind: 'file', touch: false, update: false }],
      logs: [],
      inner: [],
    }),
    text: async (name: string) => (await readWhole(store, at(name), AbortSignal.timeout(10_000)))?.toString(),
    manifests: () => Array.fromAsync(store.list(at('.konverge/manifests/')), (found) => found.at.key),
    uploads: () => Array.fromAsync(store.listUploads(at('')), (found) => found.at.key),
  };
}
