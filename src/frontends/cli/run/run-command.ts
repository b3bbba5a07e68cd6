import { buildCommand } from '@stricli/core';
import type { CliContext } from '../context.ts';
import { reporting } from '../output.ts';
import { runWorkflow } from './run-workflow.ts';

interface Flags {
  readonly json: boolean;
  readonly plain: boolean;
}

export const runCommand = buildCommand<Flags, string[], CliContext>({
  docs: {
    brief: 'Run a workflow: snakemake with our executor, and a live table',
    fullDescription:
      'Runs snakemake with --executor kueue and shows one live table. Every flag that is not listed here goes to snakemake as it is: konverge run -s my/Snakefile --jobs 8 -k. On SIGTERM the run is left: its steps go on, and the next run takes them up.',
  },
  parameters: {
    flags: {
      json: { kind: 'boolean', brief: 'Print events as JSON, one a line', default: false },
      plain: { kind: 'boolean', brief: "No table: Snakemake's own output as it comes", default: false },
    },
    positional: {
      kind: 'array',
      parameter: { brief: 'Flags and targets for snakemake', parse: String, placeholder: 'SNAKEMAKE' },
    },
  },
  func(flags, ...given) {
    return reporting(this, flags.json, () => runWorkflow(this, flags, given));
  },
});
