import type { V1Container } from '@kubernetes/client-node';
import type { KubernetesSettings } from '../../../domain/kubernetes-settings.ts';
import { containerNames, podLayout } from '../../../domain/pod-layout.ts';
import { podAgentCommand, podWrapperCommand } from '../../../domain/pod-wrapper.ts';
import type { StepSpec } from '../../../domain/step.ts';
import { commandsOf } from './commands.ts';
import { imageOf } from './image.ts';
import type { PodContext } from './pod-context.ts';
import { agentResources, type StepResources } from './resources.ts';
import { restrictedContainer, stepSecurity } from './security.ts';
import { agentMounts, stepMounts } from './volumes.ts';
import { agentNeedsVolumes, workplaceOf } from './workplace.ts';

/** The user's container: its image as it is, run by our wrapper, which is a file and so no part of the command line. */
export function stepContainer(
  spec: StepSpec,
  settings: KubernetesSettings,
  resources: StepResources,
  hasSharedMemory?: boolean,
): V1Container {
  const { shell, texts } = commandsOf(spec);
  const { workdir } = workplaceOf(spec, settings);
  return {
    name: containerNames.step,
    image: imageOf(spec, settings).image,
    ...pulling(settings),
    command: [...podWrapperCommand({ workdir, commands: texts.length, shell })],
    // Images may name a directory that the user of the step cannot enter.
    workingDir: '/',
    env: [
      { name: 'HOME', value: podLayout.home },
      { name: 'TMPDIR', value: podLayout.tmp },
    ],
    resources: {
      requests: { ...resources.requests },
      ...(Object.keys(resources.limits).length === 0 ? {} : { limits: { ...resources.limits } }),
    },
    volumeMounts: stepMounts(settings.volumes, hasSharedMemory),
    securityContext: stepSecurity(spec.security ?? settings.security),
    // Where the wrapper itself could not do its work, what it printed is the only word on it.
    terminationMessagePolicy: 'FallbackToLogsOnError',
  };
}

/**
 * The agent, a native sidecar: it starts before the step and the kubelet ends it after the step, so it never keeps a Job from
 * its end; if it dies it is started again.
 */
export function agentContainer(spec: StepSpec, settings: KubernetesSettings, context: PodContext): V1Container {
  return {
    name: containerNames.agent,
    image: settings.agentImage,
    ...pulling(settings),
    command: [...podAgentCommand],
    restartPolicy: 'Always',
    workingDir: '/',
    env: [
      { name: 'HOME', value: podLayout.agentState },
      { name: 'TMPDIR', value: podLayout.agentState },
      // Names the attempt: after a preemption another pod of the same object leaves another manifest (design.md 12.2).
      { name: 'KONVERGE_POD_UID', valueFrom: { fieldRef: { fieldPath: 'metadata.uid' } } },
    ],
    resources: { requests: { ...agentResources(context) } },
    volumeMounts: agentMounts(agentNeedsVolumes(spec.staging) ? settings.volumes : []),
    securityContext: restrictedContainer,
  };
}

function pulling({ pullPolicy }: KubernetesSettings): Pick<V1Container, 'imagePullPolicy'> {
  return pullPolicy === undefined ? {} : { imagePullPolicy: pullPolicy };
}
