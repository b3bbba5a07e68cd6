import { purposeOfKind } from '../../../domain/kind.ts';
import type { CallOptions, ClusterClient } from '../client/cluster-client.ts';
import { resources } from '../client/object.ts';
import { versionsOf } from '../client/versions-of.ts';
import type { Kind } from '../kinds/kind.ts';
import { kindList } from '../kinds/registry.ts';
import { isRecord } from '../kueue/condition.ts';
import { type ClusterFinding, fine } from './finding.ts';

type Reader = Pick<ClusterClient, 'read'>;

/** Native sidecars are on by default since then; Kueue asks for no less either. */
const leastMinor = 29;
/** The newest that the tests run on. */
const knownMinor = 36;

/** Of a `GET /version`. */
export function examineKubernetes(answer: unknown): ClusterFinding {
  const name = 'kubernetes';
  const said = isRecord(answer) ? answer : {};
  const version = typeof said['gitVersion'] === 'string' ? said['gitVersion'] : 'of an unknown version';
  // Some providers write `31+`.
  const [major, minor] = [said['major'], said['minor']].map((part) => Number.parseInt(String(part), 10));
  if (major !== 1 || minor === undefined || Number.isNaN(minor)) {
    return { name, status: 'warning', detail: version, remedy: 'konverge is tested with Kubernetes 1.36' };
  }
  if (minor < leastMinor) {
    const remedy = `use a cluster of Kubernetes 1.${leastMinor} or newer: a step needs native sidecar containers`;
    return { name, status: 'missing', detail: version, remedy };
  }
  return minor > knownMinor ? fine(name, `${version}, newer than what konverge is tested with`) : fine(name, version);
}

/** Of Kueue, whose absence nothing survives. */
export async function examineKueue(client: Reader, options: CallOptions): Promise<ClusterFinding> {
  const { group, version, plural } = resources.workloads;
  const name = 'kueue';
  const remedy = 'have Kueue 0.19 installed';
  const served = await versionsOf(client, { group, plural }, options);
  if (served === undefined)
    return { name, status: 'missing', detail: `the cluster serves nothing of ${group}`, remedy };
  const list = served.join(', ') || 'no version';
  if (!served.includes(version)) {
    return { name, status: 'missing', detail: `${group} in ${list}, and ${version} is needed`, remedy };
  }
  return fine(name, `${group} in ${list}; ${version} is used`);
}

/** Of each operator: whether it is there, and in a version that we know. */
export function examineExtensions(client: Reader, options: CallOptions): Promise<readonly ClusterFinding[]> {
  const extensions = kindList().filter(({ name }) => name !== 'job');
  return Promise.all(extensions.map((kind) => examineExtension(client, kind, options)));
}

async function examineExtension(
  client: Reader,
  { name, resource: { group, version, plural } }: Kind,
  options: CallOptions,
): Promise<ClusterFinding> {
  const purpose = purposeOfKind[name];
  const served = (await versionsOf(client, { group, plural }, options)) ?? [];
  if (served.length === 0) {
    return { name, status: 'optional', detail: `the cluster serves no ${plural}.${group}; ${purpose}`, remedy: '' };
  }
  const list = served.join(', ');
  if (served.includes(version)) return fine(name, `${plural}.${group} in ${list}; ${purpose}`);
  const remedy = `have the operator installed in a version that serves ${group}/${version}`;
  return { name, status: 'warning', detail: `${plural}.${group} in ${list}, which konverge does not know`, remedy };
}
