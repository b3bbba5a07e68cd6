import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import type { StateDir } from '../../../config/state-dir.ts';
import { stepStates } from '../../../domain/state.ts';

const RunRecord = z.object({
  steps: z.array(
    z.object({
      step: z.string(),
      rule: z.string(),
      label: z.string(),
      state: z.enum(stepStates),
      failure: z.object({ message: z.string() }).optional(),
    }),
  ),
});

export interface RecordedStep {
  readonly step: string;
  readonly rule: string;
  readonly label: string;
  readonly state: (typeof stepStates)[number];
  readonly reason: string;
}

/** How the steps of a session ended, from the record that the core wrote of it; none if there is no record. */
export function recordedSteps(state: StateDir, session: string): readonly RecordedStep[] {
  try {
    const record = RunRecord.parse(JSON.parse(readFileSync(join(state.runs, `${session}.json`), 'utf8')));
    return record.steps.map(({ failure, ...step }) => ({ ...step, reason: failure?.message ?? '' }));
  } catch {
    // The core was killed before it could write one; what was seen of the run stands.
    return [];
  }
}
