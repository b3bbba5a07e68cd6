// A step that waits gets another WorkloadPriorityClass by `konverge priority`.
import { expect } from 'vitest';
import { resources } from '../../../src/engines/kubernetes/client/object.ts';
import { kueueLabels } from '../../../src/engines/kubernetes/kueue/labels.ts';
import { readWorkload, type Workload } from '../../../src/engines/kubernetes/kueue/workload.ts';
import { annotationKeys } from '../../../src/engines/kubernetes/labels.ts';
import { Cancelled } from '../../../src/frontends/http/schemas.ts';
import { CoreProcess } from '../../core/core-process.ts';
import { makeDirectory } from '../cli/konverge.ts';
import { clusterTest } from '../cluster.ts';
import { bareRequest, coreDirectory, endless } from './core-place.ts';
import { useEnginePlace } from './place.ts';

const place = useEnginePlace('priority', { narrow: { cpu: '1500m', memory: '2Gi' } });

async function workloadOf(step: string): Promise<Workload | undefined> {
  const { client } = place();
  const { items } = await client.list(resources.jobs);
  const job = items.find(({ metadata }) => metadata.annotations?.[annotationKeys.step] === step);
  const labelSelector = `${kueueLabels.jobUid}=${job?.metadata.uid}`;
  const [workload] = (await client.list(resources.workloads, { labelSelector })).items;
  return workload && readWorkload(workload);
}

clusterTest(
  'the later of two that wait is admitted first once it has the higher class',
  async () => {
    const { low, high } = place();
    const workdir = coreDirectory(place(), 'narrow');
    const request = (name: string, command: string, priority: string): Record<string, unknown> =>
      bareRequest(workdir, name, command, {
        resources: {
          mem_mb: { value: 64, stated: true },
          kueue_priority: { value: priority, stated: true },
        },
      });
    const core = await CoreProcess.start(workdir);
    const { session } = await core.open();
    const [holder] = await core.submit(session, [request('holder', endless, high)]);
    await core.running(session, 'holder.1');
    await core.submit(session, [request('early', 'true', low)]);
    await core.event(
      session,
      ({ ref, state, reason }) => ref === 'early.1' && state === 'queued' && /quota/.test(reason),
    );
    const [late] = await core.submit(session, [request('late', endless, low)]);
    await expect.poll(async () => (await workloadOf(late?.step ?? ''))?.priorityClass, { timeout: 30_000 }).toBe(low);

    using directory = makeDirectory();
    const konverge = (...words: readonly string[]) =>
      directory.konverge(['priority', '--directory', workdir, ...words]);
    expect(await konverge('late', 'no-such-class')).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(
        /^konverge: config-invalid: there is no WorkloadPriorityClass no-such-class; there are: /,
      ),
    });
    expect(await konverge('late', high)).toMatchObject({ code: 0, stdout: `late waits with priority ${high}\n` });
    await expect.poll(async () => (await workloadOf(late?.step ?? ''))?.priorityClass, { timeout: 30_000 }).toBe(high);
    expect(await konverge('holder', low)).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/^konverge: step-not-waiting: holder is running/),
    });

    const cancel = (step: string | undefined) =>
      core.client.call('POST', '/v1/steps/cancel', Cancelled, { steps: [step], waitMs: 60_000 });
    await cancel(holder?.step);
    // It has the quota now, and the other one goes on waiting.
    await core.running(session, 'late.1');
    expect((await core.steps()).map(({ label, state }) => `${label} ${state}`)).toContain('early queued');
    await cancel(late?.step);
    expect((await core.endOf(session, 'early.1')).state).toBe('succeeded');
    await core.close(session);
    await core.exit;
  },
  240_000,
);
