import { asKonvergeError } from '../../../domain/error.ts';
import type { KubernetesSettings, PodSecurity } from '../../../domain/kubernetes-settings.ts';
import type { CallOptions, ClusterClient } from '../client/cluster-client.ts';
import { type ClientOptions, openClusterClient } from '../client/open-client.ts';
import { type ClusterFinding, fine } from './finding.ts';
import { examineImages, examineSecurity } from './pods.ts';
import { examineQueues } from './queues.ts';
import { examineRights, examineRightsElsewhere } from './rights.ts';
import { examineExtensions, examineKubernetes, examineKueue } from './versions.ts';

/** What konverge.yaml and the command line say. */
export interface ClusterWishes {
  readonly settings: KubernetesSettings;
  /** The queues that are named, with the place where they are. */
  readonly queues: readonly { readonly name: string; readonly where: string }[];
  /** Rules with a security of their own. */
  readonly rules: readonly { readonly rule: string; readonly security: PodSecurity }[];
}

/** A person waits, and a server that is away is one of the answers. */
const patienceMs = 5000;

/**
 * Asks a cluster whether a run could work there. Changes nothing, and never throws: what cannot be asked is a finding too, and
 * after a server that cannot be reached there is nothing more to ask.
 */
export async function examineCluster(
  wishes: ClusterWishes,
  options: Pick<ClientOptions, 'userAgent' | 'fieldManager' | 'logger' | 'clock' | 'environment'>,
): Promise<readonly ClusterFinding[]> {
  let client: ClusterClient;
  try {
    client = await openClusterClient({ ...wishes.settings, ...options });
  } catch (thrown) {
    return [failed('kubeconfig', thrown)];
  }
  try {
    return [
      fine('kubeconfig', `context ${client.context}, server ${client.server}, namespace ${client.namespace}`),
      ...(await examineReached(client, wishes)),
    ];
  } finally {
    await client.close();
  }
}

async function examineReached(client: ClusterClient, wishes: ClusterWishes): Promise<readonly ClusterFinding[]> {
  const options: CallOptions = { patienceMs };
  let kubernetes: ClusterFinding;
  try {
    kubernetes = examineKubernetes(await client.read('/version', options));
    // /version may be open to everybody; this one is not.
    await client.mayI([{ verb: 'list', group: 'batch', resource: 'jobs', namespace: client.namespace }], options);
  } catch (thrown) {
    return [failed('server', thrown)];
  }
  const { settings, queues, rules } = wishes;
  const { priorityClass } = settings;
  const parts = await Promise.all([
    part('kueue', async () => [await examineKueue(client, options)]),
    part('operators', () => examineExtensions(client, options)),
    part('rights', async () => [
      ...(await examineRights(client, options)),
      ...(await examineRightsElsewhere(client, settings, options)),
    ]),
    part('queues', () => examineQueues(client, { queues, ...(priorityClass && { priorityClass }) }, options)),
    part('pod security', async () => [await examineSecurity(client, { settings, rules }, options)]),
  ]);
  // Without Kueue there are no queues to be asked about; it is said once.
  const noKueue = parts[0].some(({ status }) => status === 'missing');
  const shown = noKueue ? parts.filter((_part, index) => index !== 3) : parts;
  return [fine('server', 'answers'), kubernetes, ...shown.flat(), ...examineImages(settings)];
}

/** One part of the examination does not take the others with it. */
async function part(name: string, ask: () => Promise<readonly ClusterFinding[]>): Promise<readonly ClusterFinding[]> {
  try {
    return await ask();
  } catch (thrown) {
    return [failed(name, thrown)];
  }
}

function failed(name: string, thrown: unknown): ClusterFinding {
  const { code, message, hint } = asKonvergeError(thrown);
  return { name, status: 'missing', detail: `${code}: ${message}`, remedy: hint };
}
