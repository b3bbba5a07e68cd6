import type { Cluster } from './cluster.ts';
import { probe } from './probe.ts';
import { readLiving } from './process-record.ts';

export interface DaemonStatus {
  readonly name: string;
  readonly pid: number | null;
  /** null: all is well. */
  readonly fault: string | null;
}

export async function statusOf({ daemons, place }: Cluster): Promise<DaemonStatus[]> {
  const asked = daemons.map(async ({ name, ready }) => {
    const record = readLiving(place.daemons, name);
    if (record === undefined) return { name, pid: null, fault: 'does not run' };
    return { name, pid: record.pid, fault: await probe(ready, place.pki) };
  });
  return Promise.all(asked);
}
