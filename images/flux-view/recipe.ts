import { debian } from '../debian.ts';
import { type Entry, fluxStub, type ImageRecipe, standardPath } from '../recipe.ts';

const view = '/opt/views/._view/stubstubstubstubstubstubstubstub';
const folders = ['/opt/views', '/opt/views/._view', view, `${view}/bin`, `${view}/etc`, `${view}/etc/flux`];
const python = [`${view}/lib`, `${view}/lib/python3.12`, `${view}/lib/python3.12/site-packages`];

/**
 * What the init container of a MiniCluster copies into the pod, laid out as in the images of Flux's own: for images of
 * applications without Flux. Its Flux is a stub of ours, and needs the Python of the application's image. It has no libpython3.11,
 * as those with a newer Python have none, which ends a strict MiniCluster.
 */
export const fluxView: ImageRecipe = {
  name: 'flux-view',
  layers: [
    debian,
    {
      kind: 'files',
      entries: [
        ...[...folders, ...python, '/opt/software'].map((path): Entry => ({ kind: 'directory', path, mode: 0o755 })),
        {
          kind: 'text',
          path: '/opt/software/README',
          mode: 0o644,
          text: 'A real view has the packages of spack here.\n',
        },
        { kind: 'file', path: `${view}/bin/flux`, mode: 0o755, from: fluxStub },
        { kind: 'link', path: '/opt/view', target: view },
      ],
    },
  ],
  config: { Env: [standardPath], Cmd: ['bash'] },
};
