import { buildCommand } from '@stricli/core';
import { StepView } from '../http/schemas.ts';
import { coreOf, findStep, type RunFlags, runFlags } from './connection.ts';
import type { CliContext } from './context.ts';
import { exitCodes } from './exit-codes.ts';
import { reporting, say, sayJson } from './output.ts';

export const priorityCommand = buildCommand<RunFlags, [string, string], CliContext>({
  docs: {
    brief: 'Give a step that waits another priority class',
    fullDescription:
      'On Kubernetes: gives a step that waits in its queue another WorkloadPriorityClass, and Kueue sorts its line anew. A step that has been admitted keeps its priority.',
  },
  parameters: {
    flags: runFlags,
    positional: {
      kind: 'tuple',
      parameters: [
        { brief: 'Id, label or rule of the step', parse: String, placeholder: 'STEP' },
        { brief: 'Name of a WorkloadPriorityClass', parse: String, placeholder: 'CLASS' },
      ],
    },
  },
  func(flags, wanted, priorityClass) {
    return reporting(this, flags.json, async () => {
      const core = await coreOf(this, flags);
      const { step } = await findStep(core, wanted);
      const answer = await core.call('POST', `/v1/steps/${step}/priority`, StepView, { priorityClass });
      if (flags.json) sayJson(this, answer);
      else say(this, `${answer.label} waits with priority ${priorityClass}`);
      return exitCodes.done.code;
    });
  },
});
