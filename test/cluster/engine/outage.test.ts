// The API server is away for longer than any request of ours is repeated. For us alone: a proxy before it is stopped.
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'vitest';
import { type KubernetesObject, resources } from '../../../src/engines/kubernetes/client/object.ts';
import { jobStatus } from '../../../src/engines/kubernetes/kinds/job/status.ts';
import { startProxy } from '../client/cuttable-proxy.ts';
import { changedKubeconfig } from '../cluster.ts';
import { ClusterHarness, faultTest } from './harness.ts';
import { useEnginePlace } from './place.ts';

const place = useEnginePlace('outage');
/** A submission says so after 15 s, a removal after 60 s; then each goes on. */
const outageMs = 90_000;
const waitsForWord = 'until [ -e go ]; do sleep 0.2; done';

/** Its Job in the cluster is over, whatever we hear of it. */
async function jobHasEnded({ metadata }: KubernetesObject): Promise<void> {
  const over = Promise.withResolvers<void>();
  const watch = place().client.reflect(resources.jobs, {
    fieldSelector: `metadata.name=${metadata.name}`,
    changed: (job) => jobStatus(job).end !== undefined && over.resolve(),
    gone: () => over.reject(new Error(`Job ${metadata.name} is gone`)),
  });
  await over.promise.finally(() => watch.close());
}

faultTest(
  'ninety seconds without an API server: a submission, two ends and two cancellations come to a good end',
  async () => {
    const { client } = place();
    const proxy = await startProxy(new URL(client.server));
    const kubeconfig = await changedKubeconfig(({ clusters }) => {
      for (const { cluster } of clusters) cluster['server'] = `https://127.0.0.1:${proxy.port}`;
    });
    {
      await using harness = await ClusterHarness.open(place(), { settings: { kubeconfig } });
      const launch = (command: string) => harness.launch(harness.order(command));
      const [ends, fails, ended] = [
        launch(`${waitsForWord}; echo whole`),
        launch(`${waitsForWord}; exit 4`),
        launch(waitsForWord),
      ];
      const running = [ends, fails, ended];
      for (const id of running) await harness.says(id, 'running');
      const go = async (id: typeof ends): Promise<void> => {
        const { metadata } = await harness.pod(id);
        await client.exec(metadata.name, 'step', ['sh', '-c', 'touch /konverge/work/go']);
      };

      await proxy.stop();
      const beginMs = performance.now();
      for (const id of [ends, fails]) await go(id);
      const [submitted, taken] = [launch('echo at last'), launch('true')];
      for (const id of [submitted, taken]) await harness.says(id, 'queued', 'does not answer');
      harness.engine.cancel([ended, taken]);
      for (const id of [ends, fails]) await jobHasEnded(await harness.job(id));
      await pause(outageMs - (performance.now() - beginMs));
      const all = [...running, submitted, taken];
      expect(
        all.flatMap((id) => harness.statesOf(id)).filter((state) => /succeeded|failed|cancelled/.test(state)),
      ).toEqual([]);
      await proxy.start();

      expect((await harness.end(ends)).state).toBe('succeeded');
      expect((await harness.failed(fails)).failure).toMatchObject({ class: 'user', exitCode: 4 });
      expect((await harness.end(submitted)).state).toBe('succeeded');
      for (const id of [ended, taken]) {
        expect(await harness.failed(id)).toMatchObject({
          state: 'cancelled',
          failure: { message: 'it was cancelled' },
        });
      }
      expect(await harness.log(ends)).toBe('whole\n');
      expect(await harness.log(submitted)).toBe('at last\n');
      await harness.nothingLeft(all);
    }
    await proxy.stop();
  },
  outageMs + 240_000,
);
