import { describe, expect, test } from 'vitest';
import type { SessionId } from '../../src/domain/brand.ts';
import { KonvergeError } from '../../src/domain/error.ts';
import type { StagingPlan } from '../../src/domain/staging.ts';
import type { StepSpec } from '../../src/domain/step.ts';
import type { StorageAccess } from '../../src/ports/staging.ts';
import { ScriptedStaging } from '../scripted-staging.ts';
import { CoreUnderTest, eventually, outcomes } from './harness.ts';
import { stepSpec } from './step.ts';

const access: StorageAccess = { stores: { s3: { kind: 's3' } }, environment: {} };

function plan(by: StagingPlan['by'] = 'agent'): StagingPlan {
  const at = (key: string) => ({ store: 's3', bucket: 'b', key });
  return {
    by,
    area: at('.konverge'),
    inputs: [],
    outputs: [{ path: 'out/a', at: at('out/a'), kind: 'file', touch: false, update: false }],
    logs: [],
    inner: [],
  };
}

function staged(core: CoreUnderTest, name: string, command = 'true', more: Partial<StepSpec> = {}): StepSpec {
  return stepSpec(core.directory, name, command, { staging: plan(), ...more });
}

function idOf(core: CoreUnderTest, session: SessionId): SessionId {
  expect(core.core.sessions.attached?.record.id).toBe(session);
  return session;
}

describe('a step whose outputs go to storage', () => {
  test('is staged, run, collected, committed and then told; the manifest goes last', async () => {
    const staging = new ScriptedStaging();
    const core = await CoreUnderTest.open({ staging });
    const session = idOf(core, core.attach({ storage: access }).record.id);
    await core.submit(session, [staged(core, 'a')]);
    const { state } = await core.endOf('a.1');
    expect(state).toBe('succeeded');
    await eventually(() => staging.count('release') === 1, 'the release');
    expect(staging.calls.map((call) => call.split(' ')[0])).toEqual(['stage', 'collect', 'commit', 'release']);
    const states = core.core.steps({}).map((record) => record.manifest?.at.key);
    expect(states).toEqual([expect.stringMatching(/^manifests\//)]);
  });

  test('is refused where the session has not said how storage is reached', async () => {
    const core = await CoreUnderTest.open({ staging: new ScriptedStaging() });
    const session = core.attach().record.id;
    expect(outcomes(await core.submit(session, [staged(core, 'a')]))).toEqual(['storage-unconfigured']);
  });

  test('that fails has its logs collected and nothing committed', async () => {
    const staging = new ScriptedStaging();
    const core = await CoreUnderTest.open({ staging });
    const session = core.attach({ storage: access }).record.id;
    await core.submit(session, [staged(core, 'a', 'exit 3')]);
    expect((await core.endOf('a.1')).failure).toMatchObject({ class: 'user', exitCode: 3 });
    expect(staging.calls.map((call) => call.replace(/ \S+-a\S+/, ''))).toEqual(['stage', 'collect false']);
  });

  test('fails with the word of storage if an output is missing', async () => {
    const staging = new ScriptedStaging();
    staging.commitErrors.push(new KonvergeError('output-missing', 'out/a is not in storage'));
    const core = await CoreUnderTest.open({ staging });
    const session = core.attach({ storage: access }).record.id;
    await core.submit(session, [staged(core, 'a')]);
    expect((await core.endOf('a.1')).failure).toMatchObject({
      class: 'missing-output',
      message: 'out/a is not in storage',
    });
  });

  test('waits for a store that does not answer, and is committed when it does', async () => {
    const staging = new ScriptedStaging();
    staging.commitErrors.push(new KonvergeError('storage-unavailable', 'no answer'));
    const core = await CoreUnderTest.open({ staging });
    const session = core.attach({ storage: access }).record.id;
    await core.submit(session, [staged(core, 'a')]);
    expect((await core.endOf('a.1')).state).toBe('succeeded');
    expect([staging.count('stage'), staging.count('commit')]).toEqual([1, 2]);
  });

  test('runs again, as another generation, if its uploads are gone; three times, then it fails', async () => {
    const staging = new ScriptedStaging();
    const gone = () => new KonvergeError('upload-missing', 'the upload is gone');
    staging.commitErrors.push(gone(), gone());
    const core = await CoreUnderTest.open({ staging });
    const session = core.attach({ storage: access }).record.id;
    await core.submit(session, [staged(core, 'a')]);
    const end = await core.endOf('a.1');
    expect(end.state).toBe('succeeded');
    expect(core.core.step(end.step)).toMatchObject({ generation: 3, restarts: 2 });
    staging.commitErrors.push(gone(), gone(), gone(), gone());
    await core.submit(session, [staged(core, 'b')]);
    expect((await core.endOf('b.1')).failure).toMatchObject({ class: 'storage', message: 'the upload is gone' });
    expect(staging.commitErrors).toHaveLength(0);
  });

  test('runs again if storage was away while its files were moved, and uses no attempt of the workflow for it', async () => {
    const staging = new ScriptedStaging();
    let tries = 0;
    staging.gates.stage = async () => {
      tries += 1;
      if (tries < 3) throw new KonvergeError('storage-unavailable', 'no answer');
    };
    const core = await CoreUnderTest.open({ staging });
    const session = core.attach({ storage: access }).record.id;
    await core.submit(session, [staged(core, 'a')]);
    const end = await core.endOf('a.1');
    expect([end.state, end.ref]).toEqual(['succeeded', 'a.1']);
    expect(core.core.step(end.step)).toMatchObject({ generation: 3, restarts: 2 });
    staging.gates.stage = () => Promise.reject(new KonvergeError('object-missing', 'in/b is not in storage'));
    await core.submit(session, [staged(core, 'b')]);
    expect((await core.endOf('b.1')).failure).toMatchObject({ class: 'storage', code: 'object-missing' });
  });

  test('that does its own output is told when that has been seen in storage, and not before', async () => {
    const staging = new ScriptedStaging();
    const core = await CoreUnderTest.open({ staging });
    const session = core.attach({ storage: access }).record.id;
    await core.submit(session, [staged(core, 'a', 'true', { staging: plan('step') })]);
    expect((await core.endOf('a.1')).state).toBe('succeeded');
    expect(staging.calls).toEqual(['verify']);
    staging.present = false;
    await core.submit(session, [staged(core, 'b', 'true', { staging: plan('step') })]);
    expect((await core.endOf('b.1')).failure).toMatchObject({ class: 'missing-output' });
  });
});

describe('a step that was uploaded while nobody was there', () => {
  /** Uploaded without a session, and so parked. */
  async function parked(core: CoreUnderTest, staging: ScriptedStaging): Promise<StepSpec> {
    const session = core.attach({ storage: access }).record.id;
    const spec = staged(core, 'a', 'while [ ! -e go ]; do sleep 0.02; done', { cwd: core.directory });
    await core.submit(session, [
      {
        ...spec,
        execution: {
          ...spec.execution,
          mode: 'direct',
          shell: '/bin/bash',
          commands: [`while [ ! -e ${core.directory}/go ]; do sleep 0.02; done`],
        },
      },
    ]);
    await core.running('a.1');
    core.core.closeSession(session);
    const { writeFileSync } = await import('node:fs');
    writeFileSync(`${core.directory}/go`, '');
    await eventually(() => staging.count('collect') === 1, 'the upload');
    await core.eventsUntil(({ state, reason }) => state === 'committing' && reason === 'its outputs are uploaded');
    return core.core.steps({})[0]?.spec as StepSpec;
  }

  test('is not committed, and keeps no core alive', async () => {
    const staging = new ScriptedStaging();
    const core = await CoreUnderTest.open({ staging });
    await parked(core, staging);
    expect(staging.count('commit')).toBe(0);
    expect(core.core.runningCount).toBe(0);
  });

  test('is committed when the next session asks for it, without running again', async () => {
    const staging = new ScriptedStaging();
    const core = await CoreUnderTest.open({ staging });
    const spec = await parked(core, staging);
    const session = core.attach({ storage: access }).record.id;
    expect(outcomes(await core.submit(session, [spec], true))).toEqual(['adopted']);
    expect((await core.endOf('a.1')).state).toBe('succeeded');
    expect([staging.count('stage'), staging.count('commit')]).toEqual([1, 1]);
  });

  test('is found by the next core', async () => {
    const staging = new ScriptedStaging();
    const first = await CoreUnderTest.open({ staging });
    const spec = await parked(first, staging);
    await first.close();
    const core = await CoreUnderTest.open({ staging, directory: first.directory });
    const session = core.attach({ storage: access }).record.id;
    expect(outcomes(await core.submit(session, [spec], true))).toEqual(['adopted']);
    expect((await core.endOf('a.1')).state).toBe('succeeded');
    expect(staging.count('stage')).toBe(1);
  });

  test('is given up when the request has changed', async () => {
    const staging = new ScriptedStaging();
    const core = await CoreUnderTest.open({ staging });
    const spec = await parked(core, staging);
    const session = core.attach({ storage: access }).record.id;
    const changed: StepSpec = { ...spec, execution: { mode: 'direct', shell: '/bin/bash', commands: ['true'] } };
    expect(outcomes(await core.submit(session, [changed]))).toEqual(['accepted']);
    expect((await core.endOf('a.1', core.core.lastSeq)).state).toBe('succeeded');
    expect([staging.count('discard'), staging.count('commit')]).toEqual([1, 1]);
  });

  test('is given up when it is cancelled', async () => {
    const staging = new ScriptedStaging();
    const core = await CoreUnderTest.open({ staging });
    await parked(core, staging);
    expect(await core.core.cancel({}, AbortSignal.timeout(5000))).toEqual({ cancelled: 1, stillRunning: 0 });
    expect([staging.count('discard'), staging.count('commit')]).toEqual([1, 0]);
  });

  test('is given up when nobody has asked for it in a week', async () => {
    const staging = new ScriptedStaging();
    const core = await CoreUnderTest.open({ staging });
    await parked(core, staging);
    core.aheadMs = 8 * 24 * 3600 * 1000;
    core.core.closeSession(core.attach({ storage: access }).record.id);
    expect(staging.count('discard')).toBe(1);
  });
});

describe('a commit that has begun', () => {
  test('is not stopped by a cancellation: half of the outputs might be visible', async () => {
    const staging = new ScriptedStaging();
    const gate = Promise.withResolvers<void>();
    staging.gates.commit = () => gate.promise;
    const core = await CoreUnderTest.open({ staging });
    const session = core.attach({ storage: access }).record.id;
    await core.submit(session, [staged(core, 'a')]);
    await eventually(() => staging.count('commit') === 1, 'the commit');
    const cancelled = core.core.cancel({}, AbortSignal.timeout(20_000));
    gate.resolve();
    expect(await cancelled).toEqual({ cancelled: 1, stillRunning: 0 });
    expect((await core.endOf('a.1')).state).toBe('succeeded');
  });

  test('is gone on with by the next core if it was cut short', async () => {
    const staging = new ScriptedStaging();
    staging.gates.commit = () => new Promise(() => undefined);
    const first = await CoreUnderTest.open({ staging });
    const spec = staged(first, 'a');
    await first.submit(first.attach({ storage: access }).record.id, [spec]);
    await eventually(() => staging.count('commit') === 1, 'the commit');
    // As if killed: its store is on disk, its commit never returns.
    const after = new ScriptedStaging();
    const core = await CoreUnderTest.open({ staging: after, directory: first.directory });
    const session = core.attach({ storage: access }).record.id;
    expect(outcomes(await core.submit(session, [spec], true))).toEqual(['adopted']);
    expect((await core.endOf('a.1', core.core.lastSeq - 1)).state).toBe('succeeded');
    expect([after.count('stage'), after.count('commit')]).toEqual([0, 1]);
    await first.close();
  });
});

describe('a commit that an earlier core had begun', () => {
  /** A core that was killed in the middle of a commit, and the next one, without a session. */
  async function killedInCommit(after: ScriptedStaging) {
    const staging = new ScriptedStaging();
    staging.gates.commit = () => new Promise(() => undefined);
    const first = await CoreUnderTest.open({ staging });
    const spec = staged(first, 'a');
    await first.submit(first.attach({ storage: access }).record.id, [spec]);
    await eventually(() => staging.count('commit') === 1, 'the commit');
    const core = await CoreUnderTest.open({ staging: after, directory: first.directory });
    return { core, spec, end: () => first.close() };
  }

  test('is finished by the next session, although nobody asks for the step', async () => {
    const after = new ScriptedStaging();
    const { core, end } = await killedInCommit(after);
    core.attach({ storage: access });
    expect((await core.endOf('a.1')).state).toBe('succeeded');
    expect(after.calls.map((call) => call.split(' ')[0])).toEqual(['commit', 'release']);
    await end();
  });

  test('was whole if its manifest is gone and its outputs are there', async () => {
    const after = new ScriptedStaging();
    after.commitErrors.push(new KonvergeError('upload-missing', 'there is no manifest'));
    const { core, spec, end } = await killedInCommit(after);
    const session = core.attach({ storage: access }).record.id;
    await core.submit(session, [spec], true);
    expect((await core.endOf('a.1')).state).toBe('succeeded');
    expect(after.count('stage')).toBe(0);
    await end();
  });

  test('was taken back if its manifest is gone and its outputs too: the step runs again', async () => {
    const after = new ScriptedStaging();
    after.commitErrors.push(new KonvergeError('upload-missing', 'there is no manifest'));
    after.present = false;
    const { core, spec, end } = await killedInCommit(after);
    const session = core.attach({ storage: access }).record.id;
    await core.submit(session, [spec], true);
    const { state, step } = await core.endOf('a.1');
    expect([state, core.core.step(step).generation, after.count('stage')]).toEqual(['succeeded', 2, 1]);
    await end();
  });
});

describe('a success that nobody was told', () => {
  test('stands for the same request only as long as its outputs are in storage', async () => {
    const staging = new ScriptedStaging();
    const core = await CoreUnderTest.open({ staging });
    const spec = staged(core, 'a');
    const first = core.attach({ storage: access }).record.id;
    await core.submit(first, [spec]);
    await core.endOf('a.1');
    core.core.closeSession(first);
    const second = core.attach({ storage: access }).record.id;
    expect(outcomes(await core.submit(second, [spec], true))).toEqual(['adopted']);
    core.core.closeSession(second);
    staging.present = false;
    const third = core.attach({ storage: access }).record.id;
    expect(outcomes(await core.submit(third, [spec], true))).toEqual(['unknown']);
  });
});

test('a session looks for what killed attempts of failed steps left open', async () => {
  const staging = new ScriptedStaging();
  const core = await CoreUnderTest.open({ staging });
  const first = core.attach({ storage: access }).record.id;
  const results = await core.submit(first, [staged(core, 'a', 'exit 1')]);
  await core.endOf('a.1');
  core.core.closeSession(first);
  core.attach({ storage: access });
  await eventually(() => staging.count('garbage') === 1, 'the sweep');
  const [result] = results;
  expect(result?.outcome).toBe('accepted');
  if (result?.outcome === 'accepted') expect(staging.calls.at(-1)).toBe(`garbage ${result.record.id}`);
});
