import { debian } from '../debian.ts';
import { type ImageRecipe, standardPath } from '../recipe.ts';

const folder = '/opt/snakemake';
const plugin = '/opt/konverge/python';
const konverge = `#!${folder}/bin/python
import sys
from snakemake_executor_plugin_kueue.console import main
sys.exit(main())
`;

/** Snakemake with our plugin and the storage plugins: for steps that need Snakemake in the pod, and for a driver in the cluster. */
export const snakemake: ImageRecipe = {
  name: 'snakemake',
  layers: [
    debian,
    {
      kind: 'python',
      on: debian,
      folder,
      requirements: ['integrations/snakemake/requirements/run.txt', 'images/snakemake/requirements.txt'],
      also: plugin,
    },
    { kind: 'plugin', folder: plugin },
    { kind: 'files', entries: [{ kind: 'text', path: `${folder}/bin/konverge`, mode: 0o755, text: konverge }] },
  ],
  config: { Env: [standardPath.replace('PATH=', `PATH=${folder}/bin:`)], Cmd: ['snakemake', '--help'] },
};
