import type { V1PodSpec } from '@kubernetes/client-node';
import type { KubernetesSettings } from '../../../domain/kubernetes-settings.ts';
import { containerNames } from '../../../domain/pod-layout.ts';
import type { WorkOrder } from '../../../ports/engine.ts';
import { topologyAnnotations } from '../kueue/labels.ts';
import { stepAnnotations, stepLabels } from '../labels.ts';
import { objectNameOf, secretNameOf } from '../names.ts';
import { applyPodPatch, type PodTemplate } from './apply-pod-patch.ts';
import { commandKeys } from './commands.ts';
import { agentContainer, stepContainer } from './containers.ts';
import { podBase } from './pod-base.ts';
import type { PodContext } from './pod-context.ts';
import { resourcesOf, type StepResources } from './resources.ts';
import { noAdditions, type StepAdditions } from './step-additions.ts';
import type { StepPod } from './step-pod.ts';
import { diskLimits, podVolumes } from './volumes.ts';
import { checkVolumes } from './workplace.ts';

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
  const name = objectNameOf(context.run, id, spec.rule, order.kind);
  const labels = stepLabels(order, context.run);
  const annotations = stepAnnotations(order);
  const secretName = secretNameOf(name);
  const resources = resourcesOf(spec.rule, additions.request ?? spec.resources, context, additions.memoryShare);
  const priorityClass = spec.priorityClass ?? settings.priorityClass;
  const { runtimeMs } = spec.resources;
  const template: PodTemplate = {
    metadata: {
      labels,
      // `kubectl logs` and `kubectl exec` take the step's container by themselves.
      annotations: {
        ...annotations,
        ...topologyAnnotations(spec.topology),
        'kubectl.kubernetes.io/default-container': containerNames.step,
      },
    },
    spec: podSpec(order, settings, context, secretName, resources, additions),
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
  { files, sharedMemory }: StepAdditions,
): Readonly<Record<string, unknown>> {
  const { volumes } = settings;
  const disk = diskLimits(resources.diskBytes, settings.logLimitBytes);
  const keys = [...commandKeys(spec), ...Object.keys(files)];
  return {
    ...podBase(spec, settings, resources),
    initContainers: [agentContainer(spec, settings, context)],
    containers: [stepContainer(spec, settings, resources, sharedMemory)],
    volumes: podVolumes(secretName, keys, volumes, { disk, hasSharedMemory: sharedMemory }),
  } satisfies V1PodSpec;
}
