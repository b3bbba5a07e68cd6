import { resolve } from 'node:path';
import type { z } from 'zod';
import { loadConfiguration } from '../../config/load.ts';
import { stateDirOf } from '../../config/state-dir.ts';
import { KonvergeError } from '../../domain/error.ts';
import { connectExisting } from '../client/connect.ts';
import type { CoreClient } from '../client/core-client.ts';
import { StepList, type StepView } from '../http/schemas.ts';
import type { CliContext } from './context.ts';

export type StepViewData = z.infer<typeof StepView>;

/** Flags that every command which looks at a run has. */
export interface RunFlags {
  readonly directory?: string;
  readonly json: boolean;
}

export const runFlags = {
  directory: {
    kind: 'parsed',
    parse: String,
    brief: 'The working directory of the run. Default: here',
    optional: true,
    placeholder: 'DIR',
  },
  json: { kind: 'boolean', brief: 'Print JSON, one value a line', default: false },
} as const;

/** The core of a run's directory; started to look at what is stored, if none lives. */
export async function coreOf(context: CliContext, flags: RunFlags): Promise<CoreClient> {
  const state = stateDirOf(resolve(context.cwd, flags.directory ?? '.'));
  const configuration = loadConfiguration(state.workdir);
  return connectExisting(state, { command: context.selfCommand, engine: configuration.engine ?? 'local' });
}

/**
 * The step that a person means: its id or a unique beginning of it, a label, or a rule that has just one step. Of several
 * attempts the newest is meant.
 */
export async function findStep(core: CoreClient, wanted: string): Promise<StepViewData> {
  const { steps } = await core.call('GET', '/v1/steps', StepList);
  const exact = steps.findLast((step) => step.step === wanted || step.label === wanted);
  if (exact) return exact;
  const found = steps.filter((step) => step.step.startsWith(wanted) || step.rule === wanted);
  const newest = new Map(found.map((step) => [step.label, step]));
  const [only, another] = [...newest.values()];
  if (only && !another) return only;
  if (!only) throw new KonvergeError('not-found', `there is no step ${JSON.stringify(wanted)}`);
  const some = [...newest.values()].slice(0, 8).map((step) => `${step.step}  ${step.label}`);
  throw new KonvergeError(
    'not-found',
    `${JSON.stringify(wanted)} may be one of ${newest.size} steps:\n  ${some.join('\n  ')}`,
    {
      hint: 'Name one by its id or its label.',
    },
  );
}
