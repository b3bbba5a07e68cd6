import { expect } from 'vitest';
import { resources } from '../../../src/engines/kubernetes/client/object.ts';
import { kueueAnnotations } from '../../../src/engines/kubernetes/kueue/labels.ts';
import { openQueuePositions } from '../../../src/engines/kubernetes/kueue/position.ts';
import { systemClock } from '../../../src/ports/clock.ts';
import { clusterTest } from '../cluster.ts';
import { usePlace } from './place.ts';

const place = usePlace('waiting');

clusterTest('waits for quota, and is admitted when there is room', async () => {
  const { client, clusterQueue, submit, until, said } = place();
  await submit('first');
  await until('first', ({ state }) => state === 'running');
  await submit('second', { script: 'exit 0' });
  const waiting = await until('second', ({ phase }) => phase.sentence.includes('more'));
  expect(waiting).toMatchObject({
    state: 'queued',
    phase: {
      kind: 'pending',
      reason: 'Pending',
      sentence: `waits for quota: 200m more cpu needed in flavor ${clusterQueue}`,
    },
  });
  const positions = openQueuePositions(client, systemClock);
  expect(await positions.sentence('main', waiting.workload?.metadata.name ?? '')).toBe('position 1 of 1 in queue main');
  await client.remove(resources.jobs, 'first');
  await until('second', ({ state }) => state === 'succeeded');
  expect(said('second').map((line) => line.split(':')[0])).toEqual(
    expect.arrayContaining(['queued', 'admitted', 'succeeded']),
  );
  // The Job says so a second after its pod.
  expect((await until('second', ({ phase }) => phase.kind === 'finished')).phase).toMatchObject({
    reason: 'Succeeded',
  });
});

clusterTest('asks for more than the queue can ever have', async () => {
  const { clusterQueue, submit, until } = place();
  await submit('large', { cpu: '2' });
  const { phase, state, look } = await until('large', ({ phase: { kind } }) => kind === 'never-fits');
  expect(phase.sentence).toBe(`can never be admitted: asks for 2 cpu, and flavor ${clusterQueue} has 1 at most`);
  expect(state).toBe('queued');
  expect(look.lookAgainAtMs).toBeGreaterThan(Date.now());
});

clusterTest('asks for something without quota', async () => {
  const { submit, until } = place();
  await submit('licence', { cpu: '100m', requests: { 'example.com/licence': '1' } });
  const { phase } = await until('licence', ({ phase: { kind } }) => kind === 'never-fits');
  expect(phase.sentence).toBe('can never be admitted: its ClusterQueue has no quota for example.com/licence');
});

clusterTest('a LocalQueue that does not exist', async () => {
  const { submit, until } = place();
  await submit('astray', { queue: 'nosuch' });
  const { phase, state } = await until('astray', ({ phase: { kind } }) => kind === 'inadmissible');
  expect(phase).toEqual({
    kind: 'inadmissible',
    reason: 'Inadmissible',
    sentence: expect.stringMatching(
      /^cannot be admitted: LocalQueue nosuch (doesn't exist|is terminating or missing)$/,
    ),
  });
  expect(state).toBe('queued');
});

clusterTest('held back by an admission gate', async () => {
  const { client, submit, until } = place();
  await submit('gated', {
    cpu: '100m',
    script: 'exit 0',
    annotations: { [kueueAnnotations.admissionGatedBy]: 'example.com/inputs' },
  });
  const { phase } = await until('gated', ({ phase: { kind } }) => kind === 'gated');
  expect(phase.sentence).toContain('is held back by an admission gate');
  expect(phase.sentence).toContain('example.com/inputs');
  await client.patch(resources.jobs, 'gated', {
    metadata: { annotations: { [kueueAnnotations.admissionGatedBy]: null } },
  });
  await until('gated', ({ state }) => state === 'succeeded');
});
