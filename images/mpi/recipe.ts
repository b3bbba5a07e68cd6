import { debianWithSsh } from '../debian.ts';
import { type ImageRecipe, standardPath } from '../recipe.ts';

/** Open MPI 4, and sshd, as Debian has them. */
export const mpi: ImageRecipe = {
  name: 'mpi',
  layers: [debianWithSsh],
  config: { Env: [standardPath], Cmd: ['bash'] },
};
