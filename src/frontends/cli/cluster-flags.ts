import { resolve } from 'node:path';
import { type RunFlags, runFlags } from './connection.ts';
import type { CliContext, ClusterQuestion } from './context.ts';

/** Flags of a command that may ask a cluster itself, without a core. */
export interface ClusterFlags extends RunFlags {
  readonly config?: string;
  readonly namespace?: string;
}

export const clusterFlags = {
  ...runFlags,
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
} as const;

export function clusterQuestion(context: CliContext, flags: ClusterFlags): ClusterQuestion {
  return {
    workdir: resolve(context.cwd, flags.directory ?? '.'),
    ...(flags.config !== undefined && { config: resolve(context.cwd, flags.config) }),
    ...(flags.namespace !== undefined && { namespace: flags.namespace }),
  };
}
