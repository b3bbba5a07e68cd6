import { type ImageRecipe, standardPath } from '../recipe.ts';

/** For the rules that index and map: a mapper writes to samtools through a pipe, as in most published images of it. */
export const bwa: ImageRecipe = {
  name: 'bwa',
  layers: [{ kind: 'debian', packages: ['bwa', 'samtools'] }],
  config: { Env: [standardPath], Cmd: ['bwa'] },
};
