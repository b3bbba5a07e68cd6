import { buildCommand } from '@stricli/core';
import type { CliContext, CoreCommandOptions } from './context.ts';

export const coreCommand = buildCommand<CoreCommandOptions, [], CliContext>({
  docs: {
    brief: 'Run the core of a working directory (front ends start it by themselves)',
    fullDescription:
      'Serves the API on a unix socket below .snakemake/konverge, prints one JSON line when it is ready, and ends by itself when no front end is attached and nothing runs.',
  },
  parameters: {
    flags: {
      workdir: { kind: 'parsed', parse: String, brief: 'The working directory', placeholder: 'DIR' },
      engine: {
        kind: 'parsed',
        parse: String,
        brief: 'The engine. Default: konverge.yaml, else kubernetes',
        optional: true,
        placeholder: 'NAME',
      },
      config: {
        kind: 'parsed',
        parse: String,
        brief: 'The konverge.yaml. Default: the one in the working directory',
        optional: true,
        placeholder: 'FILE',
      },
      namespace: {
        kind: 'parsed',
        parse: String,
        brief: 'The Kubernetes namespace. Default: konverge.yaml, else the kubeconfig',
        optional: true,
        placeholder: 'NAME',
      },
      listen: {
        kind: 'parsed',
        parse: String,
        brief: 'Listen on TCP as well; the token is in the ready line',
        optional: true,
        placeholder: 'HOST:PORT',
      },
      token: {
        kind: 'parsed',
        parse: String,
        brief: 'The token for TCP. Default: a random one',
        optional: true,
        placeholder: 'TOKEN',
      },
    },
  },
  async func(flags) {
    this.process.exitCode = await this.runCore(flags);
  },
});
