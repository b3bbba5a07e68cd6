import { debian } from '../debian.ts';
import { type ImageRecipe, standardPath } from '../recipe.ts';

/** What most steps of the examples need: bash, coreutils, Python. */
export const apps: ImageRecipe = {
  name: 'apps',
  layers: [debian],
  config: { Env: [standardPath], Cmd: ['bash'] },
};
