// What ran a step is gone, through no fault of its own: it runs again below the front end's retries, but not for ever.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { failure } from '../../src/domain/failure.ts';
import type { Observation } from '../../src/domain/observation.ts';
import { CoreUnderTest } from './harness.ts';
import { stepSpec } from './step.ts';

/** As an engine of nodes says it: exit code 9 is a node that is gone. */
function lostAtNine(observation: Observation): Observation {
  if (observation.state !== 'failed' || observation.failure.exitCode !== 9) return observation;
  return { ...observation, failure: { ...failure('lost', 'its node is gone'), code: 'workload-lost' } };
}

/** `losses`: how often its node goes away. */
async function end(losses: number) {
  const core = await CoreUnderTest.open({ hears: lostAtNine });
  const session = core.attach().record.id;
  const command = `echo >> ran; [ $(wc -l < ran) -gt ${losses} ] || exit 9`;
  await core.submit(session, [stepSpec(core.directory, 'a', command)]);
  const all = await core.eventsUntil(({ state }) => state === 'failed' || state === 'succeeded');
  const { state, failure: why, step } = all.at(-1) ?? {};
  const { generation, restarts } = core.core.steps({}).find(({ id }) => id === step) ?? {};
  const again = all.filter(({ reason }) => reason.startsWith('runs again')).map(({ reason }) => reason);
  const runs = readFileSync(join(core.directory, 'ran'), 'utf8').length;
  return {
    state,
    why,
    again,
    runs,
    generation,
    restarts,
    told: all.filter((event) => event.state === 'failed').length,
  };
}

test('a step that is lost three times runs a fourth time, each time as another generation; nobody is told of a failure', async () => {
  expect(await end(3)).toMatchObject({
    state: 'succeeded',
    again: ['runs again: its node is gone', 'runs again: its node is gone', 'runs again: its node is gone'],
    runs: 4,
    generation: 4,
    restarts: 3,
    told: 0,
  });
});

test('the fourth loss is a failure', async () => {
  expect(await end(4)).toMatchObject({
    state: 'failed',
    why: { class: 'lost', code: 'workload-lost', message: 'its node is gone' },
    runs: 4,
    generation: 4,
    restarts: 3,
    told: 1,
  });
});
