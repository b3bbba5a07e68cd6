import type { Entry, ImageRecipe } from '../recipe.ts';

const programs =
  'awk cat chmod cp cut date dd df du echo env expr false find grep head hostname id kill ln ls md5sum mkdir mkfifo mv ' +
  'printf ps pwd rm rmdir sed seq sh sha256sum sleep sort stat tail tar tee test touch tr true tty uname uniq vi wc which ' +
  'whoami xargs yes';

const links = programs.split(' ').map((name): Entry => ({ kind: 'link', path: `/bin/${name}`, target: 'busybox' }));

/** A shell and little else: neither bash nor Python, as many images of applications are. */
export const busybox: ImageRecipe = {
  name: 'busybox',
  layers: [
    {
      kind: 'files',
      entries: [
        ...['/bin', '/etc', '/proc', '/sys', '/dev'].map((path): Entry => ({ kind: 'directory', path, mode: 0o755 })),
        { kind: 'directory', path: '/tmp', mode: 0o1777 },
        { kind: 'text', path: '/etc/passwd', mode: 0o644, text: 'root:x:0:0:root:/:/bin/sh\n' },
        { kind: 'text', path: '/etc/group', mode: 0o644, text: 'root:x:0:\n' },
        { kind: 'file', path: '/bin/busybox', mode: 0o755, from: { kind: 'host', path: '/bin/busybox' } },
        ...links,
      ],
    },
  ],
  config: { Env: ['PATH=/bin'], Cmd: ['sh'] },
};
