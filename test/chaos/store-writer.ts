import { writeSync } from 'node:fs';
import type { RequestHash, SessionId, StepId, StepKey } from '../../src/domain/brand.ts';
import type { StepRecord } from '../../src/domain/step.ts';
import { SqliteRunStore } from '../../src/storage/sqlite/sqlite-run-store.ts';

/** Writes batches of five steps with an event each, for ever, and prints the number of each batch once it is written. */
const [path] = process.argv.slice(2);
if (path === undefined) throw new Error('usage: store-writer.ts STORE');
const store = new SqliteRunStore(path);
let batch = store.steps().reduce((next, { queue }) => Math.max(next, Number(queue.slice('batch-'.length)) + 1), 0);

function step(number: number): StepRecord {
  const id = `b${batch}-${number}`;
  return {
    id: id as StepId,
    key: id as StepKey,
    requestHash: 'hash' as RequestHash,
    generation: 1,
    session: 's-1' as SessionId,
    spec: {
      ref: id,
      rule: 'map',
      label: id,
      attempt: 1,
      priority: 0,
      inputs: [],
      outputs: [],
      logs: [],
      resources: { cpuMillis: 1000, custom: {} },
      execution: { mode: 'direct', shell: '/bin/sh', commands: ['x'.repeat(1000)] },
      cwd: '/',
      env: {},
      services: [],
      benchmark: false,
    },
    engine: 'local',
    queue: `batch-${batch}`,
    kind: 'job',
    kindReason: '',
    state: 'queued',
    reason: '',
    restarts: 0,
    usage: [],
    acceptedAtMs: batch,
    told: false,
  };
}

for (;;) {
  const steps = [0, 1, 2, 3, 4].map(step);
  store.write({
    steps,
    events: steps.map(({ id, session, state, spec: { ref, rule, label } }) => ({
      atMs: 0,
      session,
      step: id,
      ref,
      rule,
      label,
      state,
      reason: '',
    })),
  });
  writeSync(1, `${batch}\n`);
  batch += 1;
}
