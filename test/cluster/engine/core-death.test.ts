import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { ClusterClient } from '../../../src/engines/kubernetes/client/cluster-client.ts';
import { type ResourceType, resources } from '../../../src/engines/kubernetes/client/object.ts';
import { ClusterHarness, faultTest } from './harness.ts';
import { useEnginePlace } from './place.ts';

const place = useEnginePlace('core-death');
const endless = "trap 'exit 143' TERM; sleep 300 & wait";

/** A client that dies when it is to create the first object of a type. */
function dyingAt(type: ResourceType, reached: () => void): (real: ClusterClient) => ClusterClient {
  return (real) => ({
    ...real,
    create(of, object, options) {
      if (of !== type) return real.create(of, object, options);
      reached();
      return new Promise(() => undefined);
    },
  });
}

faultTest('killed between the object and its Secret: the next core finishes what was begun', async () => {
  const reached = Promise.withResolvers<void>();
  await using first = await ClusterHarness.open(place(), { client: dyingAt(resources.secrets, reached.resolve) });
  const order = first.order('echo done');
  first.launch(order);
  await reached.promise;
  await first.die();
  const { metadata } = await first.job(order.id);
  expect(await first.leftOf(order.id)).not.toContain(`Secret ${metadata.name}`);

  const again = { directory: first.directory, recover: [order] };
  await using second = await ClusterHarness.open(place(), again);
  const uid = (await second.job(order.id)).metadata.uid;
  expect((await second.end(order.id)).state).toBe('succeeded');
  expect(uid).toBe(metadata.uid);
  expect(await second.log(order.id)).toBe('done\n');
});

faultTest('killed between the object and its Secret, and then cancelled', async () => {
  const reached = Promise.withResolvers<void>();
  await using first = await ClusterHarness.open(place(), { client: dyingAt(resources.secrets, reached.resolve) });
  const order = first.order('true');
  first.launch(order);
  await reached.promise;
  await first.die();
  await using second = await ClusterHarness.open(place(), { directory: first.directory, recover: [order], held: true });
  second.engine.cancel([order.id]);
  expect((await second.end(order.id)).state).toBe('cancelled');
  expect((await second.leftOf(order.id)).filter((what) => !what.startsWith('Secret'))).toEqual([]);
  await second.nothingLeft([order.id]);
});

faultTest('a note without an object: what ran is lost', async () => {
  await using first = await ClusterHarness.open(place());
  const order = first.order(endless);
  first.launch(order);
  await first.says(order.id, 'running');
  const { metadata } = await first.job(order.id);
  await first.leave();
  await place().client.remove(resources.jobs, metadata.name, { propagation: 'Foreground' });
  await first.nothingLeft([order.id]);
  await using second = await ClusterHarness.open(place(), { directory: first.directory, recover: [order] });
  expect((await second.failed(order.id)).failure).toMatchObject({
    class: 'lost',
    code: 'workload-lost',
    message: 'what ran it was deleted by somebody',
  });
});

faultTest('an object without a note is followed, not made anew', async () => {
  await using first = await ClusterHarness.open(place());
  const order = first.order('while ! [ -e go ]; do sleep 0.2; done');
  first.launch(order);
  await first.says(order.id, 'running');
  const pod = await first.pod(order.id);
  await first.leave();
  rmSync(join(first.directory, 'kubernetes', 'posted', order.id));
  await using second = await ClusterHarness.open(place(), { directory: first.directory, recover: [order] });
  await second.says(order.id, 'running');
  expect((await second.pod(order.id)).metadata.uid).toBe(pod.metadata.uid);
  await place().client.exec(pod.metadata.name, 'step', ['sh', '-c', 'touch /konverge/work/go']);
  expect((await second.end(order.id)).state).toBe('succeeded');
});

faultTest('an object of another request has to go first', async () => {
  await using first = await ClusterHarness.open(place());
  const former = first.order(endless);
  first.launch(former);
  await first.says(former.id, 'running');
  const { metadata } = await first.job(former.id);
  await first.leave();
  rmSync(join(first.directory, 'kubernetes', 'posted', former.id));
  const order = first.order('echo anew', { id: former.id });
  await using second = await ClusterHarness.open(place(), { directory: first.directory, recover: [order] });
  await second.says(order.id, 'queued', `an older Job ${metadata.name} is removed first`);
  expect((await second.end(order.id)).state).toBe('succeeded');
  expect(await second.log(order.id)).toBe('anew\n');
});

faultTest('an object of a step that nobody knows any more is removed', async () => {
  await using first = await ClusterHarness.open(place());
  const order = first.order(endless);
  first.launch(order);
  await first.says(order.id, 'running');
  await first.leave();
  await using _second = await ClusterHarness.open(place(), { directory: first.directory });
  await first.nothingLeft([order.id]);
});
