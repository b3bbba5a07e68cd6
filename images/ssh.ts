import type { Layer } from './recipe.ts';

/**
 * An sshd that starts in a pod: keys that the operator mounts belong to root with loose rights, host keys are known to nobody.
 * /run/sshd is where it separates privileges; making a Debian empties /run.
 */
export const sshFiles = {
  kind: 'files',
  entries: [
    { kind: 'directory', path: '/run/sshd', mode: 0o755 },
    {
      kind: 'text',
      path: '/etc/ssh/sshd_config.d/pods.conf',
      mode: 0o644,
      text: 'StrictModes no\nUsePAM no\nPermitRootLogin yes\nUseDNS no\n',
    },
    {
      kind: 'text',
      path: '/etc/ssh/ssh_config.d/pods.conf',
      mode: 0o644,
      text: 'Host *\n  StrictHostKeyChecking no\n  UserKnownHostsFile /dev/null\n  LogLevel ERROR\n',
    },
  ],
} as const satisfies Layer;
