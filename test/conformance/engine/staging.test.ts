import { existsSync } from 'node:fs';
import { expect } from 'vitest';
import { KonvergeError } from '../../../src/domain/error.ts';
import type { StagingPlan } from '../../../src/domain/staging.ts';
import type { StepSpec } from '../../../src/domain/step.ts';
import { member } from '../../group-member.ts';
import { ScriptedStaging } from '../../scripted-staging.ts';
import { eachEngine, eventually, Harness, queue, temporaryDirectory } from './harness.ts';

const at = (key: string) => ({ store: 's3', bucket: 'b', key });
const plan: StagingPlan = { by: 'agent', area: at('.konverge'), inputs: [], outputs: [], logs: [], inner: [] };
const staged: Partial<StepSpec> = { staging: plan };

function open(...args: Parameters<typeof Harness.open>) {
  const staging = new ScriptedStaging();
  const [subject, queues = [queue('default', 4)], directory = temporaryDirectory()] = args;
  return { staging, harness: Harness.open(subject, queues, directory, staging) };
}

eachEngine('a staged step runs in a directory of its own, after its inputs are there', async (subject) => {
  const { staging, harness } = open(subject);
  const order = harness.order('cat input; [ "$PWD" != "$0" ]; ls -A', staged);
  harness.engine.launch([order]);
  const end = await harness.uploaded(order.id);
  expect(end.manifest).toEqual({ at: at(`manifests/${order.id}`) });
  expect(await harness.log(order.id)).toBe('stagedinput\n');
  expect(harness.statesOf(order.id)).toEqual(expect.arrayContaining(['starting', 'running', 'committing', 'uploaded']));
  expect(staging.calls).toEqual([`stage ${order.id}`, `collect ${order.id} true`]);
});

eachEngine('a step whose command failed has its logs collected, and fails as its command did', async (subject) => {
  const { staging, harness } = open(subject);
  const order = harness.order('exit 5', staged);
  expect(await harness.run(order)).toMatchObject({ state: 'failed', failure: { class: 'user', exitCode: 5 } });
  expect(staging.calls.at(-1)).toBe(`collect ${order.id} false`);
});

eachEngine('inputs that cannot be had fail the step, and its command never runs', async (subject) => {
  const { staging, harness } = open(subject);
  staging.gates.stage = () => Promise.reject(new KonvergeError('object-missing', 'in/a is not in storage'));
  const ran = `${harness.directory}/ran`;
  expect(await harness.run(harness.order(`touch ${ran}`, staged))).toMatchObject({
    state: 'failed',
    failure: { class: 'storage', message: 'in/a is not in storage' },
  });
  expect(existsSync(ran)).toBe(false);
});

eachEngine('an output that is missing fails the step as such', async (subject) => {
  const { staging, harness } = open(subject);
  staging.gates.collect = () => Promise.reject(new KonvergeError('output-missing', 'out/a was not made'));
  expect(await harness.run(harness.order('true', staged))).toMatchObject({
    state: 'failed',
    failure: { class: 'missing-output', message: 'out/a was not made' },
  });
});

for (const kind of ['stage', 'collect'] as const) {
  eachEngine(`a step is cancelled in the middle of its ${kind}`, async (subject) => {
    const { staging, harness } = open(subject);
    staging.gates[kind] = () => new Promise(() => undefined);
    const order = harness.order('true', staged);
    harness.engine.launch([order]);
    await eventually(() => staging.count(kind) === 1, `the ${kind}`);
    harness.engine.cancel([order.id]);
    expect(await harness.end(order.id)).toMatchObject({ state: 'cancelled', failure: { class: 'cancelled' } });
  });
}

eachEngine(
  'a step that ended while no core was there is collected by the next one',
  async (subject) => {
    const { staging, harness } = open(subject);
    staging.gates.collect = () => new Promise(() => undefined);
    const order = harness.order('echo once', staged);
    harness.engine.launch([order]);
    await eventually(() => staging.count('collect') === 1, 'the upload');
    // As if the core were killed now: the new engine knows nothing of the old one.
    await harness.leave();
    const { staging: after, harness: next } = open(subject, [queue('default', 4)], harness.directory);
    await next.engine.recover([order]);
    await next.uploaded(order.id);
    expect(after.calls).toEqual([`collect ${order.id} true`]);
    expect(await next.log(order.id)).toBe('once\n');
  },
  'survives-core',
);

eachEngine('a group runs its levels in order, in one place', async (subject) => {
  const { harness } = open(subject);
  const levels = [[member('a', 'echo 1 >a'), member('b', 'echo 2 >b')], [member('c', 'cat a b')]];
  const order = harness.order('', { ...staged, execution: { mode: 'group', levels } });
  harness.engine.launch([order]);
  await harness.uploaded(order.id);
  expect(await harness.log(order.id)).toBe('1\n2\n');
});
