// What waits in a queue of the cluster has a place in its line: a later run takes it over with that place.
import { expect } from 'vitest';
import { z } from 'zod';
import { type KubernetesObject, resources } from '../../../src/engines/kubernetes/client/object.ts';
import { kueueLabels } from '../../../src/engines/kubernetes/kueue/labels.ts';
import { annotationKeys } from '../../../src/engines/kubernetes/labels.ts';
import { CoreProcess } from '../../core/core-process.ts';
import { clusterTest } from '../cluster.ts';
import { bareRequest, coreDirectory, endless } from './core-place.ts';
import { useEnginePlace } from './place.ts';

const place = useEnginePlace('adoption', { narrow: { cpu: '1500m', memory: '2Gi' } });
const timeoutMs = 240_000;

interface Waiting {
  readonly workdir: string;
  readonly request: Record<string, unknown>;
  /** Of the step that has the queue's quota. */
  readonly holder: string;
  readonly waiting: string;
  /** Of the Job and the Workload of the step that waits. */
  readonly uids: readonly string[];
}

/** A core with a step that runs and one that waits for its quota, killed. */
async function killedWhileOneWaits(): Promise<Waiting> {
  const workdir = coreDirectory(place(), 'narrow');
  const request = bareRequest(workdir, 'waits', 'echo $HOSTNAME');
  const first = await CoreProcess.start(workdir);
  const { session } = await first.open();
  const [holds] = await first.submit(session, [bareRequest(workdir, 'holds', endless)]);
  await first.running(session, 'holds.1');
  const [waits] = await first.submit(session, [request]);
  const waiting = waits?.step ?? '';
  await first.event(
    session,
    ({ ref, state, reason }) => ref === 'waits.1' && state === 'queued' && /quota/.test(reason),
  );
  const uids = await uidsOf(waiting);
  await first.kill();
  return { workdir, request, holder: holds?.step ?? '', waiting, uids };
}

async function uidsOf(step: string): Promise<readonly string[]> {
  const { client } = place();
  const jobs = (await client.list(resources.jobs)).items.filter(ofStep(step));
  const workloads = (await client.list(resources.workloads)).items.filter(({ metadata }) =>
    jobs.some((job) => metadata.labels?.[kueueLabels.jobUid] === job.metadata.uid),
  );
  return [...jobs, ...workloads].map(({ kind, metadata }) => `${kind} ${metadata.uid}`);
}

function ofStep(step: string): (object: KubernetesObject) => boolean {
  return ({ metadata }) => metadata.annotations?.[annotationKeys.step] === step;
}

function cancel(core: CoreProcess, steps: readonly string[]): Promise<unknown> {
  return core.client.call('POST', '/v1/steps/cancel', z.unknown(), { steps, waitMs: 60_000 });
}

clusterTest(
  'after kill -9 of the core the next run takes it over: the same Job, the same Workload',
  async () => {
    const { workdir, request, holder, waiting, uids } = await killedWhileOneWaits();
    expect(uids).toHaveLength(2);
    const second = await CoreProcess.start(workdir);
    const { session, unfinished } = await second.open();
    expect(unfinished).toBe(2);
    const again = { ...request, ref: 'again.1' };
    // As the plugin asks, before it removes old outputs.
    expect(await second.submit(session, [again], true)).toMatchObject([{ outcome: 'adopted', step: waiting }]);
    expect(await uidsOf(waiting)).toEqual(uids);
    await cancel(second, [holder]);
    expect(await second.endOf(session, 'again.1')).toMatchObject({ state: 'succeeded', step: waiting });
    await second.close(session);
    await second.exit;
  },
  timeoutMs,
);

clusterTest(
  'what the next run does not ask for is removed when that run is over',
  async () => {
    const { workdir, holder, waiting, uids } = await killedWhileOneWaits();
    const second = await CoreProcess.start(workdir);
    const { session } = await second.open();
    const results = await second.submit(session, [bareRequest(workdir, 'other', 'true')]);
    expect(results.map(({ outcome }) => outcome)).toEqual(['accepted']);
    expect(await uidsOf(waiting)).toEqual(uids);
    await second.close(session);
    await expect.poll(() => uidsOf(waiting), { timeout: 60_000 }).toEqual([]);
    // It lives on for the step that runs.
    await cancel(second, [...results.flatMap(({ step }) => step ?? []), holder]);
    await second.exit;
  },
  timeoutMs,
);

clusterTest(
  'a changed request takes its place from the end of the line',
  async () => {
    const { workdir, request, holder, waiting, uids } = await killedWhileOneWaits();
    const second = await CoreProcess.start(workdir);
    const { session } = await second.open();
    const execution = { mode: 'direct', shell: '/bin/bash', commands: ['echo changed'] };
    const [result] = await second.submit(session, [{ ...request, ref: 'changed.1', execution }]);
    expect(result).toMatchObject({ outcome: 'accepted' });
    expect(result?.step).not.toBe(waiting);
    expect(await uidsOf(waiting)).toEqual([]);
    expect(uids).toHaveLength(2);
    await cancel(second, [holder]);
    expect((await second.endOf(session, 'changed.1')).state).toBe('succeeded');
    await second.close(session);
    await second.exit;
  },
  timeoutMs,
);
