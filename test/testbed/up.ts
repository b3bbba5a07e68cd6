import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { ImageRecipe } from '../../images/recipe.ts';
import { optionalImages, recipes } from '../../images/registry.ts';
import { Stop } from '../../tools/setup/stop.mjs';
import { nodeName, ports, s3 } from './addresses.ts';
import { operatorNames } from './build.ts';
import type { Cluster } from './cluster.ts';
import { webhookCertificates } from './config-files.ts';
import { pretendCpus } from './cpus.ts';
import { startDaemon } from './daemon-control.ts';
import { importImages } from './images/import.ts';
import { layersOf } from './images/layer.ts';
import { issueAll } from './issue.ts';
import { readManifest, readMiniClusterManifests } from './kubectl.ts';
import { fakeNodes } from './kwok-nodes.ts';
import { makeNetwork } from './network.ts';
import { adaptManifests, isHook, type Manifest, type OperatorPlace } from './operator-manifests.ts';
import type { Options } from './options.ts';
import { claimMachine } from './owner.ts';
import { waitUntilWell } from './probe.ts';
import { runTasks, type Task, type TaskTime } from './task.ts';

/** Paths that are fixed in Kueue's program. */
export const kueueCertificateFolders = ['/visibility', '/etc/kueue/metrics/certs'] as const;

/**
 * Starts what does not run, as parallel as it may be.
 * @param say  lines for people
 * @returns when each part was done
 */
export async function up(cluster: Cluster, say: (line: string) => void): Promise<TaskTime[]> {
  const { place, options } = cluster;
  await claimMachine(place);
  for (const folder of [place.data, place.config, place.logs]) await mkdir(folder, { recursive: true });
  await writeFile(place.options, JSON.stringify(options));
  const times: TaskTime[] = [];
  await runTasks(tasksOf(cluster, say), (time) => times.push(time));
  return times;
}

export function tasksOf(cluster: Cluster, say: (line: string) => void): Task[] {
  const { place, options, daemons, kubectl } = cluster;
  const task = (name: string, needs: readonly string[], run: () => Promise<unknown>): Task => ({
    name,
    needs,
    run: async () => void (await run()),
  });
  const tasks = [
    ...daemons.map((daemon) => task(daemon.name, daemon.needs, () => startDaemon(daemon, place))),
    task('certificates', [], () => makeCertificates(cluster)),
    task('network', [], makeNetwork),
    task('bucket', [], () => mkdir(path.join(place.data, 's3', s3.bucket), { recursive: true })),
    task('images', ['containerd'], () => makeImages(cluster, say)),
    task('rights', ['kube-apiserver'], async () => applyOnce(cluster, 'rights', await readManifest('rights'))),
    task('definitions', ['kube-apiserver'], () => applyDefinitions(cluster)),
    task('miniclusters', ['kube-apiserver'], () => applyMiniClusters(cluster)),
    task('webhooks', ['kueue', 'jobset'], () => applyWebhooks(cluster)),
    task('queues', ['webhooks'], () => applyQueues(cluster)),
    task('node', ['kubelet', 'kube-controller-manager'], () => {
      const wait = ['wait', '--for=condition=Ready', `node/${nodeName}`, '--timeout=2s'];
      return waitUntilWell('the node', () => kubectl.faultOf(...wait), 60_000);
    }),
    task('visibility', ['queues'], () => {
      const file = '/apis/visibility.kueue.x-k8s.io/v1beta2/clusterqueues/main/pendingworkloads';
      return waitUntilWell("Kueue's visibility API", () => kubectl.faultOf('get', '--raw', file), 60_000);
    }),
  ];
  if (options.cpus > 0) tasks.push(task('cpus', [], () => makeCpus(cluster)));
  if (options.kwok > 0) tasks.push(task('fake nodes', ['kwok'], () => applyFakeNodes(cluster)));
  return tasks;
}

async function makeCertificates({ place }: Cluster): Promise<void> {
  await issueAll(place);
  for (const folder of [webhookCertificates(place.pki), ...kueueCertificateFolders]) {
    await mkdir(folder, { recursive: true });
    for (const part of ['crt', 'key'])
      await cp(path.join(place.pki, `serving.${part}`), path.join(folder, `tls.${part}`));
  }
}

/** Made once for each number: the kubelet that runs looks at it. */
async function makeCpus({ place, options }: Cluster): Promise<void> {
  const folder = path.join(place.config, `cpus-${options.cpus}`);
  if (!existsSync(folder)) await pretendCpus(folder, options.cpus, os.cpus().length);
}

/** What every cluster has, and of the large ones those that are asked for. */
export function imagesOf({ images }: Pick<Options, 'images'>): ImageRecipe[] {
  return recipes.filter(({ name }) => !optionalImages.includes(name) || images.includes(name));
}

async function makeImages({ place, build, options }: Cluster, say: (line: string) => void): Promise<void> {
  const maker = await layersOf(place, build.pause, say);
  await importImages(imagesOf(options), maker, place, (name) => say(`image ${name} is there`));
}

/** Objects that an operator needs; its webhooks come only once it answers (applyWebhooks). */
async function applyDefinitions(cluster: Cluster): Promise<void> {
  const apply = operatorNames.map(async (name) => {
    const base = (await operatorManifests(cluster, name)).filter((manifest) => !isHook(manifest));
    return applyOnce(cluster, `${name} definitions`, documentsOf(base));
  });
  const applied = await Promise.all(apply);
  if (applied.includes(true))
    await cluster.kubectl.run('wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s');
}

async function applyMiniClusters(cluster: Cluster): Promise<void> {
  const applied = await applyOnce(cluster, 'miniclusters', documentsOf(await readMiniClusterManifests()));
  const wait = ['wait', '--for=condition=Established', 'crd/miniclusters.flux-framework.org', '--timeout=60s'];
  if (applied) await cluster.kubectl.run(...wait);
}

async function applyWebhooks(cluster: Cluster): Promise<void> {
  const apply = operatorNames.map(async (name) => {
    const hooks = (await operatorManifests(cluster, name)).filter(isHook);
    if (hooks.length > 0) await applyOnce(cluster, `${name} webhooks`, documentsOf(hooks));
  });
  await Promise.all(apply);
}

async function operatorManifests({ build, place }: Cluster, name: (typeof operatorNames)[number]): Promise<Manifest[]> {
  const authority = await readFile(path.join(place.pki, 'ca.crt'), 'utf8');
  const places: Record<typeof name, OperatorPlace> = {
    kueue: { authority, webhookPort: ports.kueueWebhook, apiPort: ports.kueueVisibility },
    jobset: { authority, webhookPort: ports.jobsetWebhook },
    'mpi-operator': { authority, webhookPort: 0 },
  };
  const manifests = JSON.parse(await readFile(build.manifests[name], 'utf8')) as Manifest[];
  return adaptManifests(manifests, places[name]);
}

async function applyQueues(cluster: Cluster): Promise<void> {
  // The API server may not have noticed yet that the webhooks answer.
  const attempt = async (): Promise<string | null> => {
    try {
      await applyOnce(cluster, 'queues', await readManifest('queues'));
      await applyOnce(cluster, 'local queues', await readManifest('local-queues'), 'default');
      return null;
    } catch (error) {
      if (error instanceof Stop) return error.message;
      throw error;
    }
  };
  await waitUntilWell('the queues', attempt, 30_000);
}

async function applyFakeNodes({ kubectl, options }: Cluster): Promise<void> {
  const selector = ['-l', 'testbed/kind=kwok'];
  const there = (await kubectl.run('get', 'nodes', ...selector, '-o', 'name')).split('\n').filter(Boolean);
  const wanted = fakeNodes(options.kwok);
  const missing = wanted.filter(({ metadata }) => !there.includes(`node/${metadata.name}`));
  const surplus = there.filter((node) => !wanted.some(({ metadata }) => node === `node/${metadata.name}`));
  if (missing.length > 0) await kubectl.create(documentsOf(missing));
  if (surplus.length > 0) await kubectl.run('delete', '--wait=false', ...surplus);
  await kubectl.run('wait', '--for=condition=Ready', 'node', '-l', 'testbed/kind=kwok', '--timeout=60s');
}

/** What is in the cluster stays there: it is not sent a second time. @returns whether it was sent */
async function applyOnce(
  { kubectl, place }: Cluster,
  name: string,
  text: string,
  namespace?: string,
): Promise<boolean> {
  const digest = createHash('sha256').update(text).digest('hex');
  if (readApplied(place.applied)[name] === digest) return false;
  await kubectl.apply(text, namespace);
  // Read again, and without a pause before it is written: others do the same meanwhile.
  writeFileSync(place.applied, JSON.stringify({ ...readApplied(place.applied), [name]: digest }, null, 2));
  return true;
}

function readApplied(file: string): Record<string, string> {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>) : {};
}

/** Not a List: for that kind kubectl asks for the whole schema of the API in its old form, which takes the server seconds. */
function documentsOf(manifests: readonly object[]): string {
  return manifests.map((manifest) => JSON.stringify(manifest)).join('\n---\n');
}
