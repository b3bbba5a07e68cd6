import type { V1PodSpec } from '@kubernetes/client-node';
import type { KubernetesSettings } from '../../../domain/kubernetes-settings.ts';
import { containerNames } from '../../../domain/pod-layout.ts';
import type { WorkOrder } from '../../../ports/engine.ts';
import { stepAnnotations, stepLabels } from '../labels.ts';
import { objectNameOf, secretNameOf } from '../names.ts';
import { applyPodPatch, type PodTemplate } from './apply-pod-patch.ts';
import { commandKeys } from './commands.ts';
import { agentContainer, stepContainer } from './containers.ts';
import type { PodContext } from './pod-context.ts';
import { resourcesOf, type StepResources } from './resources.ts';
import { podSecurity } from './security.ts';
import { noAdditions, type StepAdditions } from './step-additions.ts';
import type { StepPod } from './step-pod.ts';
import { podVolumes } from './volumes.ts';
import { checkVolumes } from './workplace.ts';

/** A kubelet that is started anew is back within this; a step on a node that is gone waits no longer to be told so. */
const nodeLossSeconds = 30;

/**
 * The pod of a step. Pure. Throws `image-missing`, `storage-needed`, `resource-invalid`, and `config-invalid` for a patch that
 * cannot be; refusal.ts answers with them instead.
 */
export function buildStepPod(
  order: WorkOrder,
  settings: KubernetesSettings,
  context: PodContext,
  additions: StepAdditions = noAdditions,
): StepPod {
  const { id, spec } = order;
  checkVolumes(settings.volumes);
  const name = objectNameOf(context.run, id, spec.rule);
  const labels = stepLabels(order, context.run);
  const annotations = stepAnnotations(order);
  const secretName = secretNameOf(name);
  const resources = resourcesOf(spec.rule, spec.resources, context);
  const priorityClass = spec.priorityClass ?? settings.priorityClass;
  const { runtimeMs } = spec.resources;
  const template: PodTemplate = {
    metadata: {
      labels,
      // `kubectl logs` and `kubectl exec` take the step's container by themselves.
      annotations: { ...annotations, 'kubectl.kubernetes.io/default-container': containerNames.step },
    },
    spec: podSpec(order, settings, context, secretName, resources, Object.keys(additions.files)),
  };
  const patched = applyPodPatch(template, settings.pod, 'kubernetes.pod');
  return {
    name,
    namespace: context.namespace,
    labels,
    annotations,
    queue: context.queue,
    ...(priorityClass === undefined ? {} : { priorityClass }),
    ...(runtimeMs?.stated ? { deadlineSeconds: Math.max(1, Math.ceil(runtimeMs.value / 1000)) } : {}),
    template: applyPodPatch(patched, spec.pod, `rules.${spec.rule}.pod`),
    additions,
    secretName,
  };
}

function podSpec(
  { spec }: WorkOrder,
  settings: KubernetesSettings,
  context: PodContext,
  secretName: string,
  resources: StepResources,
  files: readonly string[],
): Readonly<Record<string, unknown>> {
  const { serviceAccount, pullSecrets, volumes, graceMs } = settings;
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
    ...(Object.keys(resources.nodeSelector).length === 0 ? {} : { nodeSelector: { ...resources.nodeSelector } }),
    tolerations: [
      { key: 'node.kubernetes.io/not-ready', ...lost },
      { key: 'node.kubernetes.io/unreachable', ...lost },
      ...resources.tolerations,
    ],
    initContainers: [agentContainer(spec, settings, context)],
    containers: [stepContainer(spec, settings, resources)],
    volumes: podVolumes(secretName, [...commandKeys(spec), ...files], volumes),
  } satisfies V1PodSpec;
}
