import { expect } from 'vitest';
import { resources } from '../../../src/engines/kubernetes/client/object.ts';
import { changePriority } from '../../../src/engines/kubernetes/kueue/change-priority.ts';
import { clusterTest } from '../cluster.ts';
import { usePlace } from './place.ts';

const place = usePlace('eviction');

clusterTest(
  'preempted by priority, and admitted again',
  async () => {
    const { client, low, high, submit, until, said } = place();
    await submit('low', { priority: low });
    await until('low', ({ state }) => state === 'running');
    await submit('high', { priority: high });
    const evicted = await until('low', ({ phase }) => phase.kind === 'evicted');
    expect(evicted.state).toBe('queued');
    expect(evicted.phase).toMatchObject({
      reason: 'Preempted',
      sentence: expect.stringMatching(/^was preempted by one of higher priority in its ClusterQueue, and starts anew/),
    });
    await until('high', ({ state }) => state === 'running');
    await until('low', ({ words }) => words.includes('; it waits'));
    await client.remove(resources.jobs, 'high');
    await until('low', ({ state, phase }) => phase.kind === 'admitted' && state === 'running');
    expect(said('low').filter((line) => line.startsWith('failed'))).toEqual([]);
    await client.remove(resources.jobs, 'low');
    await until('low', ({ state }) => state === 'failed');
  },
  120_000,
);

clusterTest(
  'a priority that is changed while it waits',
  async () => {
    const { client, low, high, submit, until } = place();
    await submit('holds', { priority: high });
    await until('holds', ({ state }) => state === 'running');
    await submit('early', { priority: low });
    await submit('late', { priority: low });
    await until('late', ({ workload }) => workload?.spec?.['priority'] === 100);
    expect(await changePriority(client, resources.jobs, 'late', high)).toBe(true);
    await until('late', ({ workload }) => workload?.spec?.['priority'] === 1000);
    await client.remove(resources.jobs, 'holds');
    await until('late', ({ state }) => state === 'running');
    expect((await until('early', ({ state }) => state === 'queued')).phase.kind).toBe('pending');
    await client.remove(resources.jobs, 'early');
    await client.remove(resources.jobs, 'late');
  },
  120_000,
);

clusterTest(
  'deactivated by hand',
  async () => {
    const { client, submit, until } = place();
    await submit('stopped');
    const { workload } = await until('stopped', ({ state }) => state === 'running');
    await client.patch(resources.workloads, workload?.metadata.name ?? '', { spec: { active: false } });
    const { look } = await until('stopped', ({ phase }) => phase.kind === 'deactivated');
    expect(look.observations).toMatchObject([
      {
        state: 'failed',
        failure: {
          class: 'never-admissible',
          message: 'it was deactivated by somebody (spec.active of its Workload is false)',
        },
      },
    ]);
    await client.remove(resources.jobs, 'stopped');
  },
  120_000,
);

clusterTest(
  'deactivated at its maximum execution time',
  async () => {
    const { client, submit, until } = place();
    await submit('endless', { labels: { 'kueue.x-k8s.io/max-exec-time-seconds': '1' } });
    const { look } = await until('endless', ({ phase }) => phase.kind === 'deactivated');
    expect(look.observations.at(-1)).toMatchObject({
      state: 'failed',
      failure: { class: 'timeout', message: 'it was deactivated: it ran longer than its maximum execution time' },
    });
    await client.remove(resources.jobs, 'endless');
  },
  120_000,
);

clusterTest(
  'a pod that is deleted by hand, and a Job',
  async () => {
    const { client, submit, until, said } = place();
    for (const [name, type] of [
      ['shot', resources.pods],
      ['taken', resources.jobs],
    ] as const) {
      await submit(name);
      await until(name, ({ state }) => state === 'running');
      const [pod] = (await client.list(resources.pods, { labelSelector: `batch.kubernetes.io/job-name=${name}` }))
        .items;
      await client.remove(type, type === resources.pods ? (pod?.metadata.name ?? '') : name);
      const { look } = await until(name, ({ state }) => state === 'failed');
      expect(look.observations.at(-1)).toMatchObject({
        failure: { class: 'lost', message: expect.stringContaining('deleted by somebody') },
      });
      expect(said(name).filter((line) => line.startsWith('failed'))).toHaveLength(1);
      await client.remove(resources.jobs, name);
    }
  },
  120_000,
);
