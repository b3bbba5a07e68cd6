import type { ImageRecipe } from '../recipe.ts';

/** One static program that waits for its end. It serves as the image without a shell, too. */
export const pause: ImageRecipe = {
  name: 'pause',
  layers: [{ kind: 'files', entries: [{ kind: 'file', path: '/pause', mode: 0o755, from: { kind: 'pause' } }] }],
  config: { Entrypoint: ['/pause'] },
};
