import type { Layer } from './recipe.ts';

/**
 * What several images stand on, so that it is made once: Python with its whole standard library (python3-minimal lacks
 * http.server and more), and the C++ library that Node needs.
 */
export const debian = {
  kind: 'debian',
  packages: ['ca-certificates', 'libgomp1', 'libstdc++6', 'procps', 'python3'],
} as const satisfies Layer;

/** With Open MPI and sshd; for images whose pods call each other. */
export const debianWithSsh = {
  kind: 'debian',
  packages: [...debian.packages, 'openmpi-bin', 'openssh-client', 'openssh-server', 'python3-mpi4py'],
} as const satisfies Layer;
