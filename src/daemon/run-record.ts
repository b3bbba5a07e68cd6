import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StateDir } from '../config/state-dir.ts';
import type { StepRecord } from '../domain/step.ts';
import type { SessionRecord } from '../ports/run-store.ts';

/** Where the record of a run is kept: a JSON file for people and programs that come after. */
export function runRecordPath(state: StateDir, session: string): string {
  return join(state.runs, `${session}.json`);
}

/** Writes what became of every step of a session. Environments are not in it. */
export function writeRunRecord(
  state: StateDir,
  session: SessionRecord,
  steps: readonly StepRecord[],
  logsOf: (step: StepRecord) => unknown,
): void {
  const record = {
    session: session.id,
    frontEnd: session.frontEnd,
    workdir: session.workdir,
    openedAt: new Date(session.openedAtMs).toISOString(),
    closedAt: new Date().toISOString(),
    steps: steps.map((step) => ({
      step: step.id,
      rule: step.spec.rule,
      label: step.spec.label,
      attempt: step.spec.attempt,
      state: step.state,
      ...(step.failure && { failure: step.failure }),
      engine: step.engine,
      kind: step.kind,
      kindReason: step.kindReason,
      queue: step.queue,
      mode: step.spec.execution.mode,
      inputs: step.spec.inputs.map(({ path }) => path),
      outputs: step.spec.outputs,
      acceptedAt: new Date(step.acceptedAtMs).toISOString(),
      ...(step.startedAtMs !== undefined && { startedAt: new Date(step.startedAtMs).toISOString() }),
      ...(step.endedAtMs !== undefined && { endedAt: new Date(step.endedAtMs).toISOString() }),
      usage: step.usage,
      logs: logsOf(step),
    })),
  };
  mkdirSync(state.runs, { recursive: true });
  writeFileSync(runRecordPath(state, session.id), `${JSON.stringify(record, null, 1)}\n`);
}
