// Kueue is not there. Its webhooks are asked for every Job, so that none runs outside of a quota: nothing can be submitted.
import { expect } from 'vitest';
import { openCluster } from '../../testbed/cluster.ts';
import { clusterTest, testKubeconfig } from '../cluster.ts';
import { ClusterHarness } from '../engine/harness.ts';
import { useEnginePlace } from '../engine/place.ts';

const place = useEnginePlace('kueue-killed', { narrow: { cpu: '1', memory: '1Gi' } });

clusterTest(
  'Kueue is killed: what runs ends well, what is new waits and says why, and all goes on when it is back',
  async () => {
    const testbed = await openCluster();
    // Of another cluster nobody may kill a part.
    expect(testKubeconfig).toBe(testbed.kubeconfig);
    await using harness = await ClusterHarness.open(place());
    const narrow = { queue: 'narrow', request: { cpuMillis: 800 } };
    const runs = harness.launch(harness.order('until [ -e go ]; do sleep 0.2; done', narrow));
    await harness.says(runs, 'running');
    const waits = harness.launch(harness.order('true', narrow));
    await harness.says(waits, 'queued', 'waits for quota');
    await testbed.kill('kueue');
    const submitted = harness.order('true');
    try {
      harness.launch(submitted);
      expect(await harness.says(submitted.id, 'queued', 'webhook')).toMatch(
        /could not create jobs\.batch \S+ in namespace \S+ \(status 500\): .*failed calling webhook "mjob\.kb\.io"/,
      );
      const { metadata } = await harness.pod(runs);
      await place().client.exec(metadata.name, 'step', ['sh', '-c', 'touch /konverge/work/go']);
      expect((await harness.end(runs)).state).toBe('succeeded');
      expect(harness.statesOf(waits)).toEqual(['queued']);
    } finally {
      await testbed.start('kueue');
    }
    for (const id of [submitted.id, waits]) expect((await harness.end(id)).state).toBe('succeeded');
    await harness.nothingLeft([runs, waits, submitted.id]);
  },
  240_000,
);
