import type { V1Container, V1EnvVar, V1Probe, V1ResourceRequirements } from '@kubernetes/client-node';
import { podLayout } from '../../../../domain/pod-layout.ts';
import { formatBytes, formatCpuMillis } from '../../../../domain/quantity.ts';
import type { ServiceSpec } from '../../../../domain/service.ts';
import type { WorkOrder } from '../../../../ports/engine.ts';
import { topologyAnnotations } from '../../kueue/labels.ts';
import { annotationKeys, labelKeys, labelValue } from '../../labels.ts';
import { applyPodPatch, type PodTemplate, withoutContainers } from '../../pod/apply-pod-patch.ts';
import { imageOf } from '../../pod/image.ts';
import { podBase } from '../../pod/pod-base.ts';
import type { PodContext } from '../../pod/pod-context.ts';
import { stepSecurity } from '../../pod/security.ts';
import type { StepPod } from '../../pod/step-pod.ts';
import { plainMounts, plainVolumes } from '../../pod/volumes.ts';
import { type Workplace, workplaceOf } from '../../pod/workplace.ts';
import type { KindSurroundings } from '../kind.ts';
import { addressVariables, ownVariables, portOf } from './addresses.ts';

export const serviceContainer = 'service';

/** Of a service that says nothing: little, so that a step of one cpu and a database still fit where two cpus do. */
const defaults = { cpuMillis: 100, memoryBytes: 128 * 2 ** 20 } as const;
/** One that never became ready has nothing to save. */
const unreadyGraceSeconds = 2;

/** The pods of a service: as those of steps, but the service's command is all that runs there. Pure. Throws what podBase throws. */
export function serviceTemplate(
  { spec }: WorkOrder,
  service: ServiceSpec,
  pod: StepPod,
  { settings, context }: KindSurroundings,
): PodTemplate {
  const workplace = workplaceOf(spec, settings);
  const { workdir } = workplace;
  const { pullPolicy, volumes } = settings;
  const container: V1Container = {
    name: serviceContainer,
    image: service.image ?? imageOf(spec, settings).image,
    ...(pullPolicy === undefined ? {} : { imagePullPolicy: pullPolicy }),
    command: service.command.map(literal),
    workingDir: workdir,
    env: environmentOf(service, spec.services, pod.name, workdir),
    resources: resourcesOf(service, context),
    startupProbe: startupProbe(service, workplace),
    volumeMounts: plainMounts(volumes),
    securityContext: stepSecurity(spec.security ?? settings.security),
    // Its last words come with its pod's status.
    terminationMessagePolicy: 'FallbackToLogsOnError',
  };
  const template: PodTemplate = {
    metadata: {
      labels: { ...pod.labels, [labelKeys.service]: labelValue(service.name) },
      annotations: {
        ...pod.annotations,
        ...topologyAnnotations(spec.topology),
        ...(service.port > 0 ? {} : { [annotationKeys.chosenPort]: String(portOf(service)) }),
        'kubectl.kubernetes.io/default-container': serviceContainer,
      },
    },
    spec: { ...podBase(spec, settings), containers: [container], volumes: plainVolumes(volumes) },
  };
  const patched = applyPodPatch(template, withoutContainers(settings.pod), 'kubernetes.pod');
  return applyPodPatch(patched, withoutContainers(spec.pod), `rules.${spec.rule}.pod`);
}

function environmentOf(
  service: ServiceSpec,
  services: readonly ServiceSpec[],
  jobSet: string,
  workdir: string,
): V1EnvVar[] {
  const variables = { HOME: workdir, TMPDIR: '/tmp', ...addressVariables(services, jobSet), ...ownVariables(service) };
  const index = "metadata.annotations['batch.kubernetes.io/job-completion-index']";
  return [
    ...Object.entries(variables).map(([name, value]) => ({ name, value: literal(value) })),
    { name: 'KONVERGE_SERVICE_INDEX', valueFrom: { fieldRef: { fieldPath: index } } },
  ];
}

/** Kubernetes reads `$(NAME)` as a variable and `$$` as one dollar; a shell's own `$(…)` and `$$` shall reach it. */
function literal(text: string): string {
  return text.replaceAll(/\$(?=[$(])/g, () => '$$');
}

/** What the pods of a service ask for, all replicas together. */
export function serviceMemoryBytes({ memoryBytes, replicas }: ServiceSpec): number {
  return (memoryBytes ?? defaults.memoryBytes) * replicas;
}

/** As of steps: cpu is a request alone; memory that was stated is a limit too. */
function resourcesOf({ cpuMillis, memoryBytes }: ServiceSpec, { capacity }: PodContext): V1ResourceRequirements {
  const cpu = formatCpuMillis(cpuMillis ?? defaults.cpuMillis);
  if (memoryBytes !== undefined) {
    const memory = formatBytes(memoryBytes);
    return { requests: { cpu, memory }, limits: { memory } };
  }
  // Kueue admits nothing that asks for a resource which its queue does not list.
  const isCovered = capacity?.covered?.includes('memory') ?? true;
  return { requests: { cpu, ...(isCovered ? { memory: formatBytes(defaults.memoryBytes) } : {}) } };
}

/**
 * The pod is Ready once this has succeeded, and stays so: a service that is busy later is not taken for one that is gone. What
 * never succeeds is ended by the kubelet, which ends the step.
 */
function startupProbe(service: ServiceSpec, { inPlace }: Workplace): V1Probe {
  const { ready, startTimeoutMs } = service;
  return {
    ...(ready.kind === 'tcp'
      ? { tcpSocket: { port: portOf(service) } }
      : { exec: { command: fileProbe(ready.path, inPlace) } }),
    periodSeconds: 1,
    timeoutSeconds: 1,
    failureThreshold: Math.max(1, Math.ceil(startTimeoutMs / 1000)),
    terminationGracePeriodSeconds: unreadyGraceSeconds,
  };
}

/** The image has to have a shell. A file of an earlier run says nothing of this one: the pod's own directory was made with the pod. */
function fileProbe(path: string, inPlace: boolean): string[] {
  const isNew = inPlace ? `test -e "$1" && test "$1" -nt ${podLayout.work}` : 'test -e "$1"';
  return ['/bin/sh', '-c', isNew, 'sh', literal(path)];
}
