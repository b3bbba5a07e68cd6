import { setTimeout as pause } from 'node:timers/promises';
import type { ClusterClient } from '../../../src/engines/kubernetes/client/cluster-client.ts';
import { type KubernetesObject, resources } from '../../../src/engines/kubernetes/client/object.ts';
import type { Cluster } from '../../testbed/cluster.ts';

/** How long the server stays away: shorter than any patience of ours, longer than one, and longer than most. */
export const outagesMs = [5000, 20_000, 65_000] as const;

export interface Outage {
  /** Since the begin of the soak. */
  readonly atSeconds: number;
  readonly seconds: number;
  /** Steps that ran when it began. */
  readonly running: number;
}

/**
 * Kills the API server (SIGKILL) and starts it again, once for each of `outagesMs`, spread over the time; each as soon as steps run.
 * Never leaves without a server that answers.
 */
export async function killApiServer(
  testbed: Cluster,
  client: ClusterClient,
  wholeMs: number,
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<Outage[]> {
  const beginMs = performance.now();
  const outages: Outage[] = [];
  for (const [index, outageMs] of outagesMs.entries()) {
    const dueMs = ((index + 0.5) / outagesMs.length) * wholeMs;
    await pause(Math.max(0, dueMs - (performance.now() - beginMs)), undefined, { signal });
    const running = await someRun(client, signal);
    const atMs = performance.now();
    await testbed.kill('kube-apiserver');
    try {
      await pause(outageMs, undefined, { signal });
    } finally {
      await testbed.start('kube-apiserver');
    }
    const outage = { atSeconds: seconds(atMs - beginMs), seconds: seconds(performance.now() - atMs), running };
    say(`the API server was away for ${outage.seconds} s, from ${outage.atSeconds} s on, while ${running} steps ran`);
    outages.push(outage);
  }
  return outages;
}

/** How many do, when there is one. */
async function someRun(client: ClusterClient, signal: AbortSignal): Promise<number> {
  const some = Promise.withResolvers<number>();
  const pods = client.reflect(resources.pods, {
    signal,
    changed: () => {
      const running = [...pods.objects()].filter(runs).length;
      if (running > 0) some.resolve(running);
    },
    gone: () => undefined,
  });
  const stop = (): void => some.reject(signal.reason as Error);
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await some.promise;
  } finally {
    signal.removeEventListener('abort', stop);
    pods.close();
  }
}

function runs({ status }: KubernetesObject): boolean {
  const states = (status?.['containerStatuses'] ?? []) as readonly { name: string; state: { running?: object } }[];
  return states.some(({ name, state }) => name === 'step' && state.running !== undefined);
}

function seconds(ms: number): number {
  return Math.round(ms / 100) / 10;
}
