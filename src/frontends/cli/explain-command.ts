import { buildCommand } from '@stricli/core';
import { stringify } from 'yaml';
import type { z } from 'zod';
import { Explanation } from '../http/schemas.ts';
import { coreOf, findStep, type RunFlags, runFlags } from './connection.ts';
import type { CliContext } from './context.ts';
import { exitCodes } from './exit-codes.ts';
import { manifestsIn, modeOf, yamlDocuments } from './explanation-text.ts';
import { reporting, say, sayJson } from './output.ts';

export const explainCommand = buildCommand<RunFlags, [string], CliContext>({
  docs: {
    brief: 'Say what became of a step, and why',
    fullDescription:
      'Shows the workload kind of a step and the rule that chose it, its queue, whether it runs direct, why it waits, and what the engine makes of it: on Kubernetes the exact objects, as YAML.',
  },
  parameters: {
    flags: runFlags,
    positional: {
      kind: 'tuple',
      parameters: [{ brief: 'Id, label or rule of the step', parse: String, placeholder: 'STEP' }],
    },
  },
  func(flags, wanted) {
    return reporting(this, flags.json, async () => {
      const core = await coreOf(this, flags);
      const { step } = await findStep(core, wanted);
      const explanation = await core.call('GET', `/v1/steps/${step}/explain`, Explanation);
      if (flags.json) {
        sayJson(this, explanation);
        return exitCodes.done.code;
      }
      say(this, `${explanation.label}  (${explanation.step})`);
      say(this, `state   ${explanation.state}${explanation.waits ? `: ${explanation.waits}` : ''}`);
      say(this, `kind    ${explanation.kind}, because ${explanation.kindReason}`);
      say(this, `queue   ${explanation.queue} of the engine ${explanation.engine}`);
      say(this, `mode    ${modeOf(explanation)}`);
      say(this, `outputs ${outputsOf[explanation.outputs]}`);
      const objects = manifestsIn(explanation.plan);
      if (objects === undefined) {
        say(this, `plan\n${stringify(explanation.plan).trimEnd().replaceAll(/^/gm, '  ')}`);
      } else {
        for (const note of objects.notes) say(this, `note    ${note}`);
        for (const limit of objects.limits) say(this, `limit   ${limit}`);
        say(this, yamlDocuments(objects.manifests).trimEnd());
      }
      return exitCodes.done.code;
    });
  },
});

const outputsOf: Readonly<Record<z.infer<typeof Explanation>['outputs'], string>> = {
  'in place': 'written in place',
  'all or none': 'all become visible in storage after success, or none',
  'not atomic': 'uploaded file by file by the Snakemake in the step',
};
