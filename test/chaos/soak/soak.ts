import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { referenceOf } from '../../../images/recipe.ts';
import type { S3Settings } from '../../../src/domain/object-location.ts';
import { type ClusterClient } from '../../../src/engines/kubernetes/client/cluster-client.ts';
import { resources } from '../../../src/engines/kubernetes/client/object.ts';
import { openClusterClient } from '../../../src/engines/kubernetes/client/open-client.ts';
import { systemClock } from '../../../src/ports/clock.ts';
import { silentLogger } from '../../../src/ports/logger.ts';
import { openObjectStore } from '../../../src/storage/objects/registry.ts';
import { SqliteRunStore } from '../../../src/storage/sqlite/sqlite-run-store.ts';
import { s3 } from '../../testbed/addresses.ts';
import { type Cluster, openCluster } from '../../testbed/cluster.ts';
import { lookInto } from '../kill-loop/bucket.ts';
import { killApiServer, type Outage } from './api-server.ts';
import { expectedOf, snakefile } from './workflow.ts';

/** A round that has not ended by then hangs. */
const roundPatienceMs = 600_000;
/** Kubernetes' garbage collector takes its time. */
const emptyPatienceMs = 90_000;
const ownTypes = [resources.jobs, resources.pods, resources.secrets, resources.workloads];

export interface SoakResult {
  readonly minutes: number;
  readonly rounds: number;
  /** That succeeded, each once or more often. */
  readonly steps: number;
  readonly outages: readonly Outage[];
  /** By the core, below Snakemake. */
  readonly restarts: number;
  readonly mostCommitsOfAStep: number;
  readonly manifestsLeft: number;
  readonly faults: readonly string[];
}

/**
 * Rounds of one workflow with its files in S3, on the testbed, one after another for some minutes, while the API server is killed
 * and started three times. Then every output must be right, no step may have been committed twice, no upload may be open, and
 * nothing may be left in the namespace. What failed is left to be looked at.
 */
export async function soak(minutes: number, say: (line: string) => void): Promise<SoakResult> {
  const testbed = await openCluster();
  const name = `soak-${Date.now().toString(36)}`;
  await testbed.makeNamespace(name);
  const client = await openClusterClient({
    kubeconfig: testbed.kubeconfig,
    namespace: name,
    userAgent: 'konverge/test (soak)',
    fieldManager: 'konverge-test',
    logger: silentLogger,
    clock: systemClock,
  });
  const directory = mkdtempSync(join(tmpdir(), 'konverge-soak-'));
  writeFileSync(join(directory, 'Snakefile'), snakefile);
  writeFileSync(join(directory, 'konverge.yaml'), configuration(testbed, name));
  const faults: string[] = [];
  const stop = new AbortController();
  const wholeMs = minutes * 60_000;
  const beginMs = performance.now();
  const killing = killApiServer(testbed, client, wholeMs, stop.signal, say);
  let killed = false;
  void killing.then(
    () => (killed = true),
    // It is looked at in the end.
    () => (killed = true),
  );
  let rounds = 0;
  try {
    while ((!killed || performance.now() - beginMs < wholeMs) && faults.length === 0) {
      const fault = await runRound(directory, name, rounds);
      if (fault !== undefined) faults.push(fault);
      rounds += 1;
      say(`round ${rounds} is over after ${((performance.now() - beginMs) / 1000).toFixed(0)} s`);
    }
  } finally {
    stop.abort(new Error('the rounds are over'));
  }
  const outages = await killing.catch((error: unknown) => {
    faults.push(`the API server was not killed as often as it should be: ${(error as Error).message}`);
    return [];
  });
  const bucket = await lookInto(storage, name);
  for (let round = 0; round < rounds; round += 1) faults.push(...wrongIn(bucket.objects, round));
  if (bucket.openUploads.length > 0) faults.push(`uploads are left open: ${bucket.openUploads.join(', ')}`);
  const { steps, restarts, most } = committed(directory);
  if (most > 1) faults.push(`a step was committed ${most} times`);
  const left = await whatIsLeft(client);
  if (left.length > 0) faults.push(`left in the namespace: ${left.join(', ')}`);
  if (faults.length === 0) await remove(testbed, directory, name);
  else say(`directory ${directory}, namespace and bucket ${name}`);
  await client.close();
  const manifestsLeft = bucket.manifests.length;
  return { minutes, rounds, steps, outages, restarts, mostCommitsOfAStep: most, manifestsLeft, faults };
}

const storage: S3Settings = {
  kind: 's3',
  endpointUrl: s3.endpoint,
  region: 'us-east-1',
  credentials: { accessKeyId: s3.accessKey, secretAccessKey: s3.secretKey },
  pathStyle: true,
};

function configuration({ kubeconfig }: Cluster, namespace: string): string {
  return [
    'engine: kubernetes',
    `namespace: ${namespace}`,
    'queue: main',
    `kubernetes: { kubeconfig: ${JSON.stringify(kubeconfig)} }`,
    `images: { default: ${referenceOf('apps')}, agent: ${referenceOf('agent')} }`,
  ].join('\n');
}

/** What went wrong, if anything did. */
async function runRound(directory: string, bucket: string, round: number): Promise<string | undefined> {
  const storageFlags = ['--default-storage-provider', 's3', '--default-storage-prefix', `s3://${bucket}`];
  const flags = ['--executor', 'kueue', '--jobs', '20', ...storageFlags, '--config', `round=${round}`];
  const child = spawn('snakemake', flags, {
    cwd: directory,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      SNAKEMAKE_STORAGE_S3_ENDPOINT_URL: s3.endpoint,
      SNAKEMAKE_STORAGE_S3_ACCESS_KEY: s3.accessKey,
      SNAKEMAKE_STORAGE_S3_SECRET_KEY: s3.secretKey,
    },
  });
  let words = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (words += String(chunk)));
  const hang = setTimeout(() => child.kill('SIGKILL'), roundPatienceMs);
  const [code] = (await once(child, 'exit')) as [number | null];
  clearTimeout(hang);
  return code === 0 ? undefined : `round ${round}: snakemake ended with ${String(code)}:\n${words.slice(-4000)}`;
}

function wrongIn(objects: Readonly<Record<string, string>>, round: number): string[] {
  return Object.entries(expectedOf(round)).flatMap(([key, digest]) => {
    if (objects[key] === digest) return [];
    return [objects[key] === undefined ? `${key} is missing` : `${key} is not what it should be`];
  });
}

function committed(directory: string): { readonly steps: number; readonly restarts: number; readonly most: number } {
  const store = new SqliteRunStore(join(directory, '.snakemake/konverge/store.sqlite'), { readOnly: true });
  try {
    const succeeded = [...store.steps({ states: ['succeeded'] })];
    const byKey = Object.groupBy(succeeded, ({ key }) => key);
    return {
      steps: succeeded.length,
      restarts: succeeded.reduce((sum, { restarts }) => sum + restarts, 0),
      most: Math.max(0, ...Object.values(byKey).map((records) => records?.length ?? 0)),
    };
  } finally {
    store.close();
  }
}

async function whatIsLeft(client: ClusterClient): Promise<string[]> {
  const empty = Promise.withResolvers<void>();
  const watches = ownTypes.map((type) =>
    client.reflect(type, { changed: () => undefined, gone: () => void (left().length === 0 && empty.resolve()) }),
  );
  const left = (): string[] =>
    watches.flatMap((watch) => [...watch.objects()]).map(({ kind, metadata }) => `${kind} ${metadata.name}`);
  const deadline = setTimeout(() => empty.resolve(), emptyPatienceMs);
  for (const { synced } of watches) await synced;
  if (left().length === 0) empty.resolve();
  await empty.promise;
  clearTimeout(deadline);
  for (const watch of watches) watch.close();
  return left();
}

async function remove({ kubectl }: Cluster, directory: string, name: string): Promise<void> {
  rmSync(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  await kubectl.run('delete', 'namespace', name, '--wait=false');
  const store = openObjectStore(storage);
  for await (const { at } of store.list({ store: 's3', bucket: name, key: '' })) await store.remove(at);
  store.close();
}
