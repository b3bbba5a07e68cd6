import { type ImageRecipe, standardPath } from '../recipe.ts';

/** One tool and a Debian without Python, as images of tools are. */
export const samtools: ImageRecipe = {
  name: 'samtools',
  layers: [{ kind: 'debian', packages: ['samtools'] }],
  config: { Env: [standardPath], Cmd: ['samtools'] },
};
