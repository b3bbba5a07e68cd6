import { debian } from '../debian.ts';
import { type ImageRecipe, standardPath } from '../recipe.ts';

/** Node and the agent, which moves the files of a step; a sidecar of the step's container. */
export const agent: ImageRecipe = {
  name: 'agent',
  layers: [
    debian,
    { kind: 'files', entries: [{ kind: 'file', path: '/usr/local/bin/node', mode: 0o755, from: { kind: 'node' } }] },
    {
      kind: 'files',
      entries: [
        { kind: 'directory', path: '/opt/konverge', mode: 0o755 },
        { kind: 'file', path: '/opt/konverge/agent.mjs', mode: 0o644, from: { kind: 'agent' } },
      ],
    },
  ],
  config: { Env: [standardPath], WorkingDir: '/opt/konverge', Cmd: ['node', '/opt/konverge/agent.mjs'] },
};
