import type { V1PodSpec } from '@kubernetes/client-node';
import type { KubernetesSettings } from '../../../domain/kubernetes-settings.ts';
import type { StepSpec } from '../../../domain/step.ts';
import type { StepResources } from './resources.ts';
import { podSecurity } from './security.ts';

/** A kubelet that is started anew is back within this; a step on a node that is gone waits no longer to be told so. */
const nodeLossSeconds = 30;

const anywhere = { nodeSelector: {}, tolerations: [] };

/** What every pod of a step has in common, whatever runs in it. Pure. Throws `config-invalid`. */
export function podBase(
  spec: Pick<StepSpec, 'security'>,
  settings: KubernetesSettings,
  { nodeSelector, tolerations }: Pick<StepResources, 'nodeSelector' | 'tolerations'> = anywhere,
): Omit<V1PodSpec, 'containers'> {
  const { serviceAccount, pullSecrets, graceMs } = settings;
  const lost = { operator: 'Exists', effect: 'NoExecute', tolerationSeconds: nodeLossSeconds };
  return {
    restartPolicy: 'Never',
    terminationGracePeriodSeconds: Math.ceil(graceMs / 1000),
    // Nothing of ours in the pod speaks to the API server, and the step is foreign code.
    automountServiceAccountToken: false,
    // A namespace with many services would fill the environment of the step.
    enableServiceLinks: false,
    ...(serviceAccount === undefined ? {} : { serviceAccountName: serviceAccount }),
    ...(pullSecrets.length === 0 ? {} : { imagePullSecrets: pullSecrets.map((name) => ({ name })) }),
    securityContext: podSecurity(spec.security ?? settings.security, settings),
    ...(Object.keys(nodeSelector).length === 0 ? {} : { nodeSelector: { ...nodeSelector } }),
    tolerations: [
      { key: 'node.kubernetes.io/not-ready', ...lost },
      { key: 'node.kubernetes.io/unreachable', ...lost },
      ...tolerations,
    ],
  };
}
