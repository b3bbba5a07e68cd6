import { createReadStream, statSync } from 'node:fs';
import { BlockList } from 'node:net';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { addresses } from '../../test/testbed/addresses.ts';
import { testbedPlace } from './testbed.ts';

/** A line of the log, as far as it is needed (level Metadata). */
const Event = z.object({
  stage: z.string(),
  verb: z.string(),
  user: z.object({ username: z.string() }),
  sourceIPs: z.array(z.string()).catch([]),
  objectRef: z.object({ resource: z.string(), namespace: z.string() }).partial().catch({}),
});

export interface AuditedRequest {
  readonly verb: string;
  readonly user: string;
  readonly sourceIps: readonly string[];
  readonly resource: string;
  readonly namespace: string;
}

/** Of pods; the machine itself has an address among them, and everything that is no pod comes from another one. */
const podNetwork = new BlockList();
const [network = '', bits] = addresses.podNetwork.split('/');
podNetwork.addSubnet(network, Number(bits));

/** Reads what is written into the log from now on: each request once. */
export function auditFromNow(): () => Promise<readonly AuditedRequest[]> {
  const start = statSync(testbedPlace.auditLog).size;
  return async () => {
    if (statSync(testbedPlace.auditLog).size < start) {
      throw new Error('the API server has begun its audit log anew meanwhile, so this is not counted: run it again');
    }
    const requests: AuditedRequest[] = [];
    const lines = createInterface({ input: createReadStream(testbedPlace.auditLog, { start }) });
    for await (const line of lines) {
      const request = requestOf(line);
      if (request !== undefined) requests.push(request);
    }
    return requests;
  };
}

/** Undefined: not what is counted, a beginning or an end of something that is counted by the other one. */
export function requestOf(line: string): AuditedRequest | undefined {
  // The last line may be half written.
  if (!line.endsWith('}')) return undefined;
  const { success, data } = Event.safeParse(JSON.parse(line));
  // A watch is told twice: when it begins, and when it ends, which may be far away.
  if (!success || data.stage !== (data.verb === 'watch' ? 'ResponseStarted' : 'ResponseComplete')) return undefined;
  const { verb, user, sourceIPs: sourceIps, objectRef } = data;
  const { resource = '', namespace = '' } = objectRef;
  return { verb, user: user.username, sourceIps, resource, namespace };
}

/** What changes something; a question about rights is a POST that leaves nothing behind. */
export function isWrite({ verb, resource }: AuditedRequest): boolean {
  return !['get', 'list', 'watch'].includes(verb) && !resource.endsWith('accessreviews');
}

/** Of the pods of a namespace: by their service accounts, or without one from their network. */
export function isOfPodsIn(namespace: string): (request: AuditedRequest) => boolean {
  const accounts = 'system:serviceaccount:';
  return ({ user, sourceIps }) => {
    if (user.startsWith(accounts)) return user.startsWith(`${accounts}${namespace}:`);
    return sourceIps.some((address) => address !== addresses.host && podNetwork.check(address));
  };
}

/** `40 create jobs, 40 create secrets`: the most frequent first. */
export function counted(requests: readonly AuditedRequest[]): string {
  const counts = new Map<string, number>();
  for (const { verb, resource } of requests) {
    const what = `${verb} ${resource || 'of no resource'}`;
    counts.set(what, (counts.get(what) ?? 0) + 1);
  }
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  return sorted.map(([what, count]) => `${count} ${what}`).join(', ') || 'none';
}
