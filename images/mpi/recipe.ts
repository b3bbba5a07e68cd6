import { debianWithSsh } from '../debian.ts';
import { type ImageRecipe, standardPath } from '../recipe.ts';
import { sshFiles } from '../ssh.ts';

/** Open MPI, reached over ssh as the MPI operator sets it up. */
export const mpi: ImageRecipe = {
  name: 'mpi',
  layers: [debianWithSsh, sshFiles],
  config: {
    Env: [standardPath, 'OMPI_ALLOW_RUN_AS_ROOT=1', 'OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1'],
    Cmd: ['bash'],
  },
};
