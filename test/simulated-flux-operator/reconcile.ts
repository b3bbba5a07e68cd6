import type { Api, Found, Kind } from './api.ts';
import { indexLabel, labelPatch } from './broker-label.ts';
import { entrypointOf, makeCertificate } from './entrypoint.ts';
import { jobOf } from './job.ts';
import { entrypointName, type Manifest, type MiniCluster } from './minicluster.ts';
import { clusterServiceOf, portServicesOf, servicePodOf } from './services.ts';
import { type SettledCluster, settle } from './settle.ts';
import { type FullStatus, firstStatus, isReady, readyStatus } from './status.ts';

/** `done`: until something changes; `again`: it looks again by itself, ever more rarely. */
export type Outcome = 'done' | 'again';

export interface Context {
  readonly api: Api;
  readonly log: (line: string) => void;
  readonly now: () => Date;
}

/** Brings one MiniCluster forward; makes what is missing, and changes nothing that is there but its size. */
export async function reconcile(context: Context, namespace: string, name: string): Promise<Outcome> {
  const { api, log } = context;
  const found = (await api.get('miniclusters', namespace, name)) as (Found & MiniCluster) | undefined;
  if (found === undefined) return 'done';
  const settled = settle(found);
  if ('complaints' in settled) {
    log(`${namespace}/${name} is not valid, nothing is done: ${settled.complaints.join('; ')}`);
    return 'done';
  }
  await ensure(context, found, settled.cluster);
  if (found.spec.cleanup && (await brokerEnded(api, settled.cluster))) {
    await api.remove('miniclusters', found);
    return 'done';
  }
  return 'again';
}

async function ensure(context: Context, found: Found, cluster: SettledCluster): Promise<void> {
  const { api } = context;
  const { metadata, spec } = cluster;
  const make = (kind: Kind, name: string, manifest: () => Manifest): Promise<Found> =>
    getOrMake(context, kind, { namespace: metadata.namespace, name }, manifest);

  await make('configmaps', entrypointName(cluster), () => entrypointOf(cluster, makeCertificate(`${metadata.name}-0`)));
  if ((spec.services ?? []).length > 0) {
    await make('pods', `${metadata.name}-services`, () => servicePodOf(cluster));
  }
  await make('services', spec.headlessName, () => clusterServiceOf(cluster));
  const job = await make('jobs', metadata.name, () => jobOf(cluster));
  let current = await resize(context, found, job, cluster);

  const status = firstStatus({ ...cluster, ...statusOf(current) }, context.now().toISOString());
  if (cluster.status?.selector !== status.selector) current = await api.putStatus(current, status);
  for (const manifest of portServicesOf(cluster)) await make('services', manifest.metadata.name, () => manifest);

  for (const pod of await api.list('pods', metadata.namespace, `!${indexLabel}`)) {
    await api.patch('pods', pod, 'json-patch', labelPatch(pod.metadata.name, metadata.name));
  }
  const { status: last } = current as { status?: FullStatus };
  if (last !== undefined && !isReady(last)) await api.putStatus(current, readyStatus(last));
}

function statusOf({ status }: Found): { status?: FullStatus } {
  return status === undefined ? {} : { status: status as FullStatus };
}

async function getOrMake(
  { api, log }: Context,
  kind: Kind,
  { namespace, name }: { readonly namespace: string; readonly name: string },
  manifest: () => Manifest,
): Promise<Found> {
  const there = await api.get(kind, namespace, name);
  if (there !== undefined) return there;
  log(`making ${kind} ${namespace}/${name}`);
  return api.create(kind, manifest());
}

/** The Job follows the size, up to the largest one that the MiniCluster ever had leave for; beyond, its size is set back. */
async function resize({ api }: Context, found: Found, job: Found, cluster: SettledCluster): Promise<Found> {
  const { parallelism } = job.spec as { parallelism: number };
  const { size } = cluster.spec;
  if (parallelism === size) return found;
  const allowed = size < 1 ? parallelism : Math.min(size, cluster.maximumSize);
  let current = found;
  if (allowed !== size) current = await api.patch('miniclusters', found, 'merge-patch', { spec: { size: allowed } });
  else await api.patch('jobs', job, 'merge-patch', { spec: { parallelism: size, completions: size } });
  const { status } = statusOf(current);
  return status === undefined ? current : api.putStatus(current, { ...status, size: allowed });
}

async function brokerEnded(api: Api, { metadata }: SettledCluster): Promise<boolean> {
  const pods = await api.list('pods', metadata.namespace, '');
  return pods.some(({ metadata: pod, status }) => {
    const { phase } = status as { phase?: string };
    return pod.name.startsWith(`${metadata.name}-0`) && (phase === 'Succeeded' || phase === 'Failed');
  });
}
