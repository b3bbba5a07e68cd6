import { setTimeout as pause } from 'node:timers/promises';
import { resources } from '../src/engines/kubernetes/client/object.ts';
import { auditFromNow, counted, isOfPodsIn, isWrite } from './cluster/audit-log.ts';
import { bareJob, timeBareJob } from './cluster/bare-job.ts';
import { BenchPlace } from './cluster/bench-place.ts';
import { ClusterSession } from './cluster/cluster-session.ts';
import { requireTestbed } from './cluster/testbed.ts';
import { atMost, type Figure, noted } from './figure.ts';

const steps = 40;
const pending = 1000;
/** What the last submissions still set off is over by then. */
const settleMs = 20_000;
const quietMinutes = 3;
const foreignMinutes = 1;
/** A Workload of somebody else comes or goes so often. */
const foreignPeriodMs = 500;

/** What we ask of the API server, by its own audit log. */
export async function k8sApiLoad(say: (line: string) => void): Promise<readonly Figure[]> {
  await requireTestbed();
  await using place = await BenchPlace.open('api-load');
  return [...(await perStep(place, say)), ...(await whilePending(place, say))];
}

async function perStep(place: BenchPlace, say: (line: string) => void): Promise<readonly Figure[]> {
  const isOfPods = isOfPodsIn(place.namespace);
  const control = await requestsOfOnePod(place, isOfPods);
  const audit = auditFromNow();
  const session = await ClusterSession.open(place.configuration());
  try {
    const names = Array.from({ length: steps }, (_, index) => `s${index}`);
    await session.submit(names.map((name) => session.step(name, `echo ${name} > ${name}.txt`)));
    for (const name of names) await session.over(name);
  } finally {
    // Closing waits for what is still to be removed.
    await session.close();
  }
  const requests = await audit();
  const writes = requests.filter((request) => request.user === place.user && isWrite(request));
  const agents = requests.filter(isOfPods);
  say(`${steps} steps are done: ${counted(writes)}; by agents ${counted(agents)}`);
  return [
    atMost(
      'writes of the core per step',
      writes.length / steps,
      'requests',
      3,
      `${steps} steps with S3 in a pod each, from the start of the core to its end: ${counted(writes)}`,
    ),
    atMost(
      'requests of the agents per step',
      agents.length / steps,
      'requests',
      0,
      `reads too; by service accounts of the namespace, or from the network of pods; ${counted(agents)}, of ${requests.length} that everybody made meanwhile. A pod that makes two for the sake of it is seen with ${control}`,
    ),
  ];
}

/** Whether requests of pods are seen at all: one pod makes one with its service account and one without. */
async function requestsOfOnePod(place: BenchPlace, isOfPods: ReturnType<typeof isOfPodsIn>): Promise<number> {
  const program = [
    'import ssl, urllib.error, urllib.request',
    'token = open("/var/run/secrets/kubernetes.io/serviceaccount/token").read()',
    'for headers in {"Authorization": f"Bearer {token}"}, {}:',
    '    request = urllib.request.Request("https://kubernetes.default.svc/api/v1/nodes", headers=headers)',
    '    try: urllib.request.urlopen(request, context=ssl._create_unverified_context())',
    '    except urllib.error.HTTPError: pass',
  ];
  const audit = auditFromNow();
  await timeBareJob(place.client, 'control', `python3 -c '${program.join('\n')}'`);
  const seen = (await audit()).filter(isOfPods).length;
  if (seen < 2) throw new Error(`of two requests that a pod makes the audit log shows ${seen}: nothing can be counted`);
  return seen;
}

async function whilePending(place: BenchPlace, say: (line: string) => void): Promise<readonly Figure[]> {
  const { client, user } = place;
  // One Job takes all that the queue has, and stays: each of ours fits, and waits.
  const full = { queue: 'full', memory: '1Gi' } as const;
  await place.addQueue(full.queue, { cpu: '8', memory: full.memory });
  await client.create(resources.jobs, bareJob('holder', 'sleep 86400', { ...full, cpu: '10m' }));
  const session = await ClusterSession.open(place.configuration(full.queue));
  try {
    const names = Array.from({ length: pending }, (_, index) => `p${index}`);
    await session.submit(names.map((name) => session.step(name, 'true')));
    await session.until((events) => new Set(events.filter(isPosted).map(({ ref }) => ref)).size === pending);
    say(`${pending} steps are pending; counting for ${quietMinutes} minutes`);
    await pause(settleMs);
    const countFor = async (minutes: number) => {
      const audit = auditFromNow();
      await pause(minutes * 60_000);
      const requests = await audit();
      const foreign = requests.filter(
        (request) => request.resource === 'workloads' && request.namespace === place.namespace && isWrite(request),
      );
      return { mine: requests.filter((request) => request.user === user), foreign: foreign.length };
    };
    const quiet = await countFor(quietMinutes);
    say(`${counted(quiet.mine)}; now with other Workloads that come and go`);
    const busy = await whileOthersChange(place, full.queue, () => countFor(foreignMinutes));
    return [
      atMost(
        `requests a minute with ${pending} steps pending and nothing changing`,
        quiet.mine.length / quietMinutes,
        'requests',
        10,
        `all verbs, over ${quietMinutes} minutes, watches that are begun anew included: ${counted(quiet.mine)}; ${quiet.foreign} writes to Workloads by Kueue meanwhile`,
      ),
      noted(
        'the same while Workloads of others in the namespace change',
        busy.mine.length / foreignMinutes,
        'requests a minute',
        `their watch is of the whole namespace, and tells of ${busy.foreign} changes without a request: ${counted(busy.mine)}`,
      ),
    ];
  } finally {
    await session.close();
  }
}

/** Jobs in the same queue, which wait too; one comes, then it goes. */
async function whileOthersChange<T>({ client }: BenchPlace, queue: string, work: () => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const others = (async () => {
    for (let index = 0; !stop.signal.aborted; index += 1) {
      const name = `other-${index}`;
      await client.create(resources.jobs, bareJob(name, 'true', { queue }));
      await pause(foreignPeriodMs);
      await client.remove(resources.jobs, name);
      await pause(foreignPeriodMs);
    }
  })();
  try {
    return await work();
  } finally {
    stop.abort();
    await others;
  }
}

function isPosted({ state, reason }: { readonly state: string; readonly reason: string }): boolean {
  return state === 'queued' && !reason.startsWith('waits to be submitted') && !reason.startsWith('waits for Kueue');
}
