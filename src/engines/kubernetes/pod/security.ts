import type { V1PodSecurityContext, V1SecurityContext } from '@kubernetes/client-node';
import { KonvergeError } from '../../../domain/error.ts';
import type { KubernetesSettings, PodSecurity } from '../../../domain/kubernetes-settings.ts';

/** Of the whole pod. Both standards of Pod Security forbid to switch seccomp off. Throws `config-invalid`. */
export function podSecurity(security: PodSecurity, { runAs }: Pick<KubernetesSettings, 'runAs'>): V1PodSecurityContext {
  if (security === 'restricted' && runAs.uid === 0) {
    throw new KonvergeError('config-invalid', 'kubernetes.run_as: uid 0 needs kubernetes.security: baseline');
  }
  return {
    ...(security === 'restricted' ? { runAsNonRoot: true } : {}),
    runAsUser: runAs.uid,
    runAsGroup: runAs.gid,
    fsGroup: runAs.gid,
    // Else the kubelet changes the owner of every file of a large volume, for every pod.
    fsGroupChangePolicy: 'OnRootMismatch',
    seccompProfile: { type: 'RuntimeDefault' },
  };
}

/** What Pod Security `restricted` asks of a container, and a read-only root file system. The agent always has it. */
export const restrictedContainer: V1SecurityContext = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  readOnlyRootFilesystem: true,
};

/** `baseline` is for images that write into themselves, or use setuid programs or the usual capabilities (sshd). */
export function stepSecurity(security: PodSecurity): V1SecurityContext {
  return security === 'restricted' ? restrictedContainer : { privileged: false };
}
