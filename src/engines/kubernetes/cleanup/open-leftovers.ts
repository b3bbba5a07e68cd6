import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { asKonvergeError } from '../../../domain/error.ts';
import type { KubernetesSettings } from '../../../domain/kubernetes-settings.ts';
import type { CallOptions, ClusterClient } from '../client/cluster-client.ts';
import { type KubernetesObject, resources } from '../client/object.ts';
import { type ClientOptions, openClusterClient } from '../client/open-client.ts';
import { within } from '../client/within.ts';
import { findServedKinds } from '../kinds/find-served.ts';
import type { Kind } from '../kinds/kind.ts';
import { kindsIn } from '../kinds/registry.ts';
import { labelKeys, ownSelector, runSelector } from '../labels.ts';

/** What runs have left in a namespace. It asks the cluster alone: the state directories of the runs may be gone. */
export interface Leftovers {
  readonly namespace: string;
  readonly server: string;
  /** The run of the state directory that was given; undefined if it has none. */
  readonly ownRun: string | undefined;
  /** Newest first. */
  readonly runs: readonly LeftRun[];
  /** Removes what there is of these runs, and nothing else. Their pods, and the Secrets that they own, go with the objects. */
  remove(runs: readonly string[]): Promise<readonly Removal[]>;
  close(): Promise<void>;
}

export interface LeftRun {
  readonly run: string;
  /** Objects of steps: Jobs and the like. */
  readonly objects: number;
  /** Of these, how many have not ended. */
  readonly unfinished: number;
  /** Secrets whose object is gone; undefined if this user may not list Secrets. */
  readonly secrets: number | undefined;
  /** Of the newest one, in milliseconds since the epoch. */
  readonly newestAtMs: number;
}

export interface Removal {
  readonly run: string;
  /** How many, by kind. */
  readonly removed: Readonly<Record<string, number>>;
}

/** A person waits. */
const options: CallOptions = { patienceMs: 10_000 };
/** Secrets without an object, so many at once. */
const portion = 16;

/** Throws what the client throws. */
export async function openLeftovers(
  settings: KubernetesSettings,
  stateDir: string,
  more: Pick<ClientOptions, 'userAgent' | 'fieldManager' | 'logger' | 'clock' | 'environment'>,
): Promise<Leftovers> {
  const client = await openClusterClient({ ...settings, ...more });
  try {
    const found = await find(client, settings);
    return {
      namespace: client.namespace,
      server: client.server,
      ownRun: readRunId(stateDir),
      runs: summaryOf(found),
      remove: (runs) => removeRuns(client, found, runs),
      close: () => client.close(),
    };
  } catch (error) {
    await client.close();
    throw error;
  }
}

interface Found {
  readonly kinds: readonly { readonly kind: Kind; readonly client: ClusterClient }[];
  readonly objects: readonly { readonly object: KubernetesObject; readonly hasEnded: boolean }[];
  readonly orphans: readonly KubernetesObject[] | undefined;
}

async function find(client: ClusterClient, settings: KubernetesSettings): Promise<Found> {
  const labelSelector = ownSelector();
  const kinds = kindsIn((await findServedKinds(client, settings, options)).kinds).map((kind) => {
    return { kind, client: within(client, kind.namespace?.(settings, client.namespace) ?? client.namespace) };
  });
  const lists = await Promise.all(
    kinds.map(async ({ kind, client: place }) => {
      const { items } = await place.list(kind.resource, { ...options, labelSelector });
      // Of some kinds what an operator has made of the object knows whether it has ended.
      const { items: told } = kind.queued ? await place.list(kind.queued, { ...options, labelSelector }) : { items };
      const ended = new Set(told.filter((one) => kind.status(one).end).map(({ metadata }) => metadata.name));
      return items.map((object) => ({ object, hasEnded: ended.has(object.metadata.name) }));
    }),
  );
  const objects = lists.flat();
  const uids = new Set(objects.map(({ object }) => object.metadata.uid));
  const secrets = await listSecrets(client, labelSelector);
  const orphans = secrets?.filter(
    ({ metadata }) => !(metadata.ownerReferences ?? []).some((owner) => uids.has(owner.uid)),
  );
  return { kinds, objects, orphans };
}

/** To list Secrets is no right that a run needs; those that an object owns go with it anyway. */
async function listSecrets(
  client: ClusterClient,
  labelSelector: string,
): Promise<readonly KubernetesObject[] | undefined> {
  try {
    return (await client.list(resources.secrets, { ...options, labelSelector })).items;
  } catch (thrown) {
    if (asKonvergeError(thrown).code === 'cluster-forbidden') return undefined;
    throw thrown;
  }
}

function summaryOf({ objects, orphans }: Found): readonly LeftRun[] {
  const byRun = new Map<string, LeftRun>();
  const add = (object: KubernetesObject, change: (before: LeftRun) => Partial<LeftRun>): void => {
    const run = runOf(object);
    const before = byRun.get(run) ?? {
      run,
      objects: 0,
      unfinished: 0,
      secrets: orphans && 0,
      newestAtMs: 0,
    };
    const atMs = Date.parse(object.metadata.creationTimestamp ?? '') || 0;
    byRun.set(run, { ...before, newestAtMs: Math.max(before.newestAtMs, atMs), ...change(before) });
  };
  for (const { object, hasEnded } of objects) {
    add(object, (before) => ({
      objects: before.objects + 1,
      unfinished: before.unfinished + (hasEnded ? 0 : 1),
    }));
  }
  for (const secret of orphans ?? []) add(secret, (before) => ({ secrets: (before.secrets ?? 0) + 1 }));
  return [...byRun.values()].toSorted((one, other) => other.newestAtMs - one.newestAtMs);
}

async function removeRuns(
  client: ClusterClient,
  { kinds, orphans = [] }: Found,
  runs: readonly string[],
): Promise<readonly Removal[]> {
  const removals: Removal[] = [];
  for (const run of runs) {
    const removed: Record<string, number> = {};
    for (const { kind, client: place } of kinds) {
      const { resource } = kind;
      const count = await place.removeAll(resource, { ...options, labelSelector: runSelector(run) });
      if (count > 0) removed[resource.kind] = count;
    }
    const count = await removeSecrets(
      client,
      orphans.filter((secret) => runOf(secret) === run),
    );
    if (count > 0) removed[resources.secrets.kind] = count;
    removals.push({ run, removed });
  }
  return removals;
}

async function removeSecrets(client: ClusterClient, secrets: readonly KubernetesObject[]): Promise<number> {
  let removed = 0;
  for (let start = 0; start < secrets.length; start += portion) {
    const gone = await Promise.all(
      secrets
        .slice(start, start + portion)
        .map(({ metadata: { name, uid } }) =>
          client.remove(resources.secrets, name, { ...options, ...(uid !== undefined && { uid }) }),
        ),
    );
    removed += gone.filter(Boolean).length;
  }
  return removed;
}

function runOf({ metadata }: KubernetesObject): string {
  return metadata.labels?.[labelKeys.run] ?? '';
}

/** As run-id.ts has written it; nothing is made here. */
function readRunId(stateDir: string): string | undefined {
  try {
    return readFileSync(join(stateDir, 'kubernetes', 'run-id'), 'utf8').trim();
  } catch {
    return undefined;
  }
}
