import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { QueueSettings } from '../../../src/engines/local/config.ts';
import { member } from '../../group-member.ts';
import { eventually, Harness, openPlace, overEngines } from './harness.ts';
import { scriptedRig } from './staging-rig.ts';
import type { CaseSubject } from './subject.ts';

async function open(subject: CaseSubject, queues?: readonly QueueSettings[]) {
  const place = await openPlace(subject, queues);
  const rig = await subject.stagingRig(place, subject.onFinished);
  const harness = Harness.over(subject, place, rig.staging);
  await harness.engine.recover([]);
  return { rig, harness };
}

overEngines('a staged step', (eachCase) => {
  eachCase('runs in a directory of its own, after its inputs are there', async (subject) => {
    const { rig, harness } = await open(subject);
    const order = harness.order('cat input; [ "$PWD" != "$0" ]; ls -A', await rig.plain());
    harness.engine.launch([order]);
    const { manifest } = await harness.uploaded(order.id);
    expect(manifest?.at).toMatchObject({
      store: order.spec.staging?.area.store,
      key: expect.stringContaining(`manifests/${order.id}`),
    });
    expect(await harness.log(order.id)).toBe('stagedinput\n');
    expect(harness.statesOf(order.id).at(-1)).toBe('uploaded');
    if (rig.calls) expect(rig.calls).toEqual([`stage ${order.id}`, `collect ${order.id} true`]);
  });

  eachCase('whose command failed has its logs collected, and fails as its command did', async (subject) => {
    const { rig, harness } = await open(subject);
    const order = harness.order('echo words; exit 5', await rig.plain());
    expect(await harness.run(order)).toMatchObject({ state: 'failed', failure: { class: 'user', exitCode: 5 } });
    expect(await harness.log(order.id)).toBe('words\n');
    if (rig.calls) expect(rig.calls.at(-1)).toBe(`collect ${order.id} false`);
  });

  eachCase('whose inputs cannot be had fails, and its command never runs', async (subject) => {
    const { rig, harness } = await open(subject);
    const ran = join(harness.directory, 'ran');
    expect(await harness.run(harness.order(`touch ${ran}`, await rig.withoutInput()))).toMatchObject({
      state: 'failed',
      failure: { class: 'storage', message: expect.stringContaining('in/a') },
    });
    expect(existsSync(ran)).toBe(false);
  });

  eachCase('without one of its outputs fails as such', async (subject) => {
    const { rig, harness } = await open(subject);
    expect(await harness.run(harness.order('true', await rig.withOutput()))).toMatchObject({
      state: 'failed',
      failure: { class: 'missing-output', message: expect.stringContaining('out/a') },
    });
  });

  for (const kind of ['stage', 'collect'] as const) {
    eachCase(`is cancelled in the middle of its ${kind}`, async (subject) => {
      const { rig, harness } = await open(subject);
      const { staged, begun } = await rig.stuckIn(kind);
      const order = harness.order('mkdir -p out; touch out/a', staged);
      harness.engine.launch([order]);
      await eventually(begun, `the ${kind}`);
      harness.engine.cancel([order.id]);
      expect(await harness.end(order.id)).toMatchObject({ state: 'cancelled', failure: { class: 'cancelled' } });
    });
  }

  eachCase('that ended while no core was there is collected all the same', async (subject) => {
    const { rig, harness } = await open(subject);
    const there = (file: string) => join(harness.directory, file);
    const command = `touch ${there('running')}; until [ -e ${there('go')} ]; do sleep 0.02; done; echo once; touch ${there('ended')}`;
    const order = harness.order(command, await rig.plain());
    harness.engine.launch([order]);
    await eventually(() => existsSync(there('running')), 'the step to run');
    await harness.leave();
    writeFileSync(there('go'), '');
    await eventually(() => existsSync(there('ended')), 'the step to end');
    const next = Harness.over(subject, harness.place, rig.staging);
    await next.engine.recover([order]);
    await next.uploaded(order.id);
    expect(await next.log(order.id)).toBe('once\n');
  });

  eachCase('has every byte of a large output kept, also from an offset', async (subject) => {
    const { rig, harness } = await open(subject);
    const order = harness.order('seq 1 200000; printf end', await rig.plain());
    harness.engine.launch([order]);
    await harness.uploaded(order.id);
    const expected = `${Array.from({ length: 200_000 }, (_none, index) => `${index + 1}\n`).join('')}end`;
    expect((await harness.log(order.id)) === expected).toBe(true);
    expect(await harness.log(order.id, 'stdout', expected.length - 10)).toBe('200000\nend');
  });

  eachCase(
    'is collected by the next core, if the one that was at it has gone',
    async (subject) => {
      const { rig, harness } = await open(subject);
      const { staged, begun } = await rig.stuckIn('collect');
      const order = harness.order('echo once', staged);
      harness.engine.launch([order]);
      await eventually(begun, 'the upload');
      // As if the core were killed now: the new engine knows nothing of the old one.
      await harness.leave();
      const { staging, calls } = scriptedRig();
      const next = Harness.over(subject, harness.place, staging);
      await next.engine.recover([order]);
      await next.uploaded(order.id);
      expect(calls).toEqual([`collect ${order.id} true`]);
      expect(await next.log(order.id)).toBe('once\n');
    },
    'staging-by-core',
  );

  eachCase('that is a group runs its levels in order, in one place', async (subject) => {
    const { rig, harness } = await open(subject);
    const levels = [[member('a', 'echo 1 >a'), member('b', 'echo 2 >b')], [member('c', 'cat a b')]];
    const order = harness.order('', { ...(await rig.plain()), execution: { mode: 'group', levels } });
    harness.engine.launch([order]);
    await harness.uploaded(order.id);
    expect(await harness.log(order.id)).toBe('1\n2\n');
  });
});
