import { type ImageRecipe, standardPath } from '../recipe.ts';

/** One tool and a Debian without Python, as images of tools are. */
export const bcftools: ImageRecipe = {
  name: 'bcftools',
  layers: [{ kind: 'debian', packages: ['bcftools'] }],
  config: { Env: [standardPath], Cmd: ['bcftools'] },
};
