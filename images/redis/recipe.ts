import { debian } from '../debian.ts';
import { type ImageRecipe, standardPath } from '../recipe.ts';

/** A service, and what speaks to it: the example of services runs in it whole. */
export const redis: ImageRecipe = {
  name: 'redis',
  layers: [{ kind: 'debian', packages: [...debian.packages, 'redis-server', 'redis-tools'] }],
  config: { Env: [standardPath], Cmd: ['redis-server'] },
};
