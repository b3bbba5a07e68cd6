import { expect, vi } from 'vitest';
import type { ClusterClient, LogReading } from '../../../src/engines/kubernetes/client/cluster-client.ts';
import { resources } from '../../../src/engines/kubernetes/client/object.ts';
import { changedKubeconfig, clusterTest, openTestCluster, podOf, useCluster } from '../cluster.ts';
import { startProxy } from './cuttable-proxy.ts';

const cluster = useCluster('pods');
const patience = { timeout: 60_000, interval: 100 };

async function read(client: ClusterClient, pod: string, options: Partial<LogReading> = {}): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of client.logs(pod, { container: 'main', ...options })) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

async function runs(pod: string): Promise<void> {
  await vi.waitFor(async () => {
    const object = await cluster().client.get(resources.pods, pod);
    expect(object?.status?.['phase']).toBe('Running');
  }, patience);
}

clusterTest(
  'a log is followed from before the pod is there to the end of its container',
  async () => {
    const { client } = cluster();
    const log = read(client, 'early', { follow: true });
    await client.create(resources.pods, podOf('early', 'echo one; sleep 1; echo two >&2; printf three'));
    expect(await log).toBe('one\ntwo\nthree');
    expect(await read(client, 'early')).toBe('one\ntwo\nthree');
    expect(await read(client, 'early', { tailLines: 1 })).toBe('three');
    expect(await read(client, 'early', { limitBytes: 5 })).toBe('one\nt');
  },
  90_000,
);

clusterTest(
  'a log of 20,000 lines through a connection that is cut again and again: each line once',
  async () => {
    const { client, namespace } = cluster();
    const proxy = await startProxy(new URL(client.server));
    const kubeconfig = await changedKubeconfig(({ clusters }) => {
      for (const { cluster: of } of clusters) of['server'] = `https://127.0.0.1:${proxy.port}`;
    });
    const away = await openTestCluster({ kubeconfig, namespace, pauses: { firstMs: 20, longestMs: 200 } });
    const script =
      'i=0; while [ $i -lt 20000 ]; do echo "line $i"; i=$((i+1)); [ $((i % 2000)) -eq 0 ] && sleep 0.5; done';
    try {
      await client.create(resources.pods, podOf('cut', script));
      let bytes = 0;
      let nextCut = 10_000;
      const chunks: Uint8Array[] = [];
      for await (const chunk of away.logs('cut', { container: 'main', follow: true })) {
        chunks.push(chunk);
        bytes += chunk.length;
        if (bytes > nextCut) {
          proxy.cut();
          nextCut += 25_000;
        }
      }
      const lines = Buffer.concat(chunks).toString().trimEnd().split('\n');
      expect(lines).toEqual(Array.from({ length: 20_000 }, (_, index) => `line ${index}`));
      expect(nextCut).toBeGreaterThan(100_000);
    } finally {
      await away.close();
      await proxy.stop();
    }
  },
  120_000,
);

clusterTest(
  'a pod that does not come, and one that is removed while it is read',
  async () => {
    const { client } = cluster();
    await expect(read(client, 'never', { follow: true, patienceMs: 1500 })).rejects.toMatchObject({
      code: 'not-found',
    });
    await client.create(resources.pods, podOf('removed', 'echo here; sleep 300'));
    const chunks: string[] = [];
    for await (const chunk of client.logs('removed', { container: 'main', follow: true })) {
      chunks.push(Buffer.from(chunk).toString());
      await client.remove(resources.pods, 'removed', { graceSeconds: 0 });
    }
    expect(chunks.join('')).toBe('here\n');
  },
  90_000,
);

clusterTest(
  "the log of a container's former life",
  async () => {
    const { client } = cluster();
    const pod = podOf('again', 'echo life; exit 1');
    await client.create(resources.pods, { ...pod, spec: { ...pod.spec, restartPolicy: 'OnFailure' } });
    await vi.waitFor(async () => {
      const object = await client.get(resources.pods, 'again');
      const [status] = (object?.status?.['containerStatuses'] ?? []) as { restartCount: number }[];
      expect(status?.restartCount).toBeGreaterThan(0);
    }, patience);
    expect(await read(client, 'again', { previous: true })).toBe('life\n');
  },
  90_000,
);

clusterTest(
  'exec: output, input, exit code, and what cannot be started',
  async () => {
    const { client } = cluster();
    await client.create(resources.pods, podOf('box', 'sleep 300'));
    await runs('box');
    const out: Uint8Array[] = [];
    const errors: Uint8Array[] = [];
    const options = {
      onStdout: (chunk: Uint8Array) => out.push(chunk),
      onStderr: (chunk: Uint8Array) => errors.push(chunk),
    };
    expect(await client.exec('box', 'main', ['sh', '-c', 'echo "a b"; echo e >&2; exit 3'], options)).toEqual({
      exitCode: 3,
    });
    expect([Buffer.concat(out).toString(), Buffer.concat(errors).toString()]).toEqual(['a b\n', 'e\n']);
    out.length = 0;
    const megabyte = Buffer.alloc(1_000_000, 'x');
    async function* input() {
      yield await Promise.resolve(megabyte);
      yield Buffer.from('end');
    }
    expect(await client.exec('box', 'main', ['wc', '-c'], { ...options, stdin: input() })).toEqual({ exitCode: 0 });
    expect(Buffer.concat(out).toString().trim()).toBe('1000003');
    await expect(client.exec('box', 'main', ['no-such-program'])).rejects.toMatchObject({
      code: 'cluster-refused',
      message: expect.stringContaining('no-such-program'),
    });
    await expect(client.exec('nobody', 'main', ['true'], { patienceMs: 500 })).rejects.toMatchObject({
      code: 'cluster-refused',
    });
    const abort = new AbortController();
    const long = client.exec('box', 'main', ['sleep', '100'], { signal: abort.signal });
    setImmediate(() => abort.abort(new Error('no longer wanted')));
    await expect(long).rejects.toThrow('no longer wanted');
  },
  120_000,
);
