import { debian } from '../debian.ts';
import { type ImageRecipe, standardPath } from '../recipe.ts';

const folder = '/opt/snakemake';

/** What snakemake-executor-plugin-kubernetes asks of an image: Snakemake and pip, by which each pod installs its storage plugin. */
export const peer: ImageRecipe = {
  name: 'peer',
  layers: [
    debian,
    {
      kind: 'python',
      on: debian,
      folder,
      requirements: [
        'integrations/snakemake/requirements/run.txt',
        'images/snakemake/requirements.txt',
        'images/peer/requirements.txt',
      ],
    },
  ],
  config: { Env: [standardPath.replace('PATH=', `PATH=${folder}/bin:`)], Cmd: ['snakemake', '--help'] },
};
