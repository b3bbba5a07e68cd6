import { expect } from 'vitest';
import { openCluster } from '../../testbed/cluster.ts';
import { startProxy } from '../client/cuttable-proxy.ts';
import { changedKubeconfig, clusterTest, testKubeconfig } from '../cluster.ts';
import { ClusterHarness } from '../engine/harness.ts';
import { useEnginePlace } from '../engine/place.ts';

const place = useEnginePlace('api-server');

clusterTest(
  'an API server that is killed in the middle, and comes back: nothing is lost, nothing fails',
  async () => {
    const testbed = await openCluster();
    // Of another cluster nobody may kill a part.
    expect(testKubeconfig).toBe(testbed.kubeconfig);
    await using harness = await ClusterHarness.open(place());
    const launch = (command: string) => harness.launch(harness.order(command));
    const endsMeanwhile = launch('sleep 3; echo ended');
    const failsMeanwhile = launch('sleep 3; exit 4');
    const outlives = launch('sleep 12; echo outlived');
    const running = [endsMeanwhile, failsMeanwhile, outlives];
    for (const id of running) await harness.says(id, 'running');

    await testbed.kill('kube-apiserver');
    const during = launch('true');
    let told: readonly string[] = [];
    try {
      told = [
        await harness.says(outlives, 'running', 'as last heard'),
        await harness.says(during, 'queued', 'does not answer'),
      ];
    } finally {
      await testbed.start('kube-apiserver');
    }
    expect(told[0]).toMatch(
      /^runs on node testbed \(as last heard; nothing new is, for the API server https:\S+ does not answer/,
    );
    expect(told[1]).toMatch(
      /^the API server https:\S+ does not answer \(create jobs\.batch \S+ in namespace \S+\): connection refused/,
    );
    for (const id of [endsMeanwhile, outlives, during]) expect((await harness.end(id)).state).toBe('succeeded');
    expect((await harness.failed(failsMeanwhile)).failure).toMatchObject({ class: 'user', exitCode: 4 });
    expect(await harness.log(outlives)).toBe('outlived\n');
    await harness.nothingLeft([...running, during]);
  },
  180_000,
);

clusterTest(
  'connections that break again and again: steps are followed to their ends all the same',
  async () => {
    const proxy = await startProxy(new URL(place().client.server));
    const kubeconfig = await changedKubeconfig(({ clusters }) => {
      for (const { cluster } of clusters) cluster['server'] = `https://127.0.0.1:${proxy.port}`;
    });
    {
      await using harness = await ClusterHarness.open(place(), { settings: { kubeconfig } });
      const orders = Array.from({ length: 4 }, (_, index) => harness.order(`sleep ${index}; exit ${index + 1}`));
      for (const order of orders) {
        harness.launch(order);
        proxy.cut();
      }
      for (const { id } of orders) {
        // Which of the states after it is told first, the connection decides.
        await harness.seen(id, ({ state }) => state !== 'queued');
        proxy.cut();
      }
      await proxy.stop();
      await proxy.start();
      for (const [index, { id }] of orders.entries()) {
        proxy.cut();
        expect((await harness.failed(id)).failure).toMatchObject({ class: 'user', exitCode: index + 1 });
      }
      await harness.nothingLeft(orders.map(({ id }) => id));
    }
    await proxy.stop();
  },
  180_000,
);
