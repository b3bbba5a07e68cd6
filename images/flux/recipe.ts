import { debianWithSsh } from '../debian.ts';
import { fluxStub, type ImageRecipe, standardPath } from '../recipe.ts';

/** The image `mpi` with Flux in it: a stub of ours, not Flux. */
export const flux: ImageRecipe = {
  name: 'flux',
  layers: [
    debianWithSsh,
    { kind: 'files', entries: [{ kind: 'file', path: '/usr/bin/flux', mode: 0o755, from: fluxStub }] },
  ],
  config: { Env: [standardPath], Cmd: ['bash'] },
};
