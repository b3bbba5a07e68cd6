import type { V1Container, V1PodSpec, V1Toleration } from '@kubernetes/client-node';
import { containerNames } from '../../../../domain/pod-layout.ts';
import { buildPodAgentCommand, podAgentProgram, podWrapperCommand } from '../../../../domain/pod-wrapper.ts';
import type { WorkOrder } from '../../../../ports/engine.ts';
import { type KubernetesObject, resources } from '../../client/object.ts';
import { queueLabels } from '../../kueue/labels.ts';
import { commandsOf } from '../../pod/commands.ts';
import { shellWord } from '../../pod/environment.ts';
import type { StepPod } from '../../pod/step-pod.ts';
import { workplaceOf } from '../../pod/workplace.ts';
import type { KindSurroundings, PodSet } from '../kind.ts';
import { tasksOf } from './members.ts';
import { fluxMount, miniClusterLayout } from './place.ts';
import { ownTolerations, volumesOf } from './pod-fields.ts';

/** Of a step without a runtime: the operator's own is a year, and a Job that nobody comes back to holds its quota for so long. */
const unclaimedSeconds = 7 * 24 * 3600;

/** A container as flux-framework.org/v1alpha2 has it. */
interface FluxContainer {
  readonly name?: string;
  readonly image: string;
  readonly imagePullPolicy?: string;
  readonly imagePullSecret?: string;
  readonly runFlux: boolean;
  readonly launcher?: true;
  readonly command: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly volumes: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly resources: V1Container['resources'];
}

/**
 * flux-framework.org/v1alpha2 MiniCluster of a step. Its pods are a Flux instance; in the one of index 0 the wrapper runs the step's
 * commands, once, with Flux at hand. It cannot be suspended: Kueue's webhook suspends the Job that the operator makes of it. Pure.
 *
 * What is odd here, is so for a reason that was found with the real operator (controllers/flux/job.go, pkg/flux/templates):
 * - `restartPolicy: Never` and `backoffLimit: 1`, the least that there is (0 means 100): a pod that fails is made anew and waits for
 *   the others without end. So no container of ours ever fails: the exit code travels in the report.
 * - `launcher`, and a command of plain words: the operator's script expands it unquoted. What it runs is a file of a ConfigMap.
 * - `shareProcessNamespace`: else the first process, a bash, ignores SIGTERM, and a preempted step runs to its end beside its twin.
 * - `noWaitSocket`: else the second container ends at once, with 127.
 * - The agent is the last container: what one mounts, all after it mount too, and only it may see the Secret.
 * - A ConfigMap's volume has the name of the ConfigMap: with another one the operator makes no Job, and says so in its log alone.
 * - `strict` would let every line of the operator's set-up end the step, also those that a view of Flux may fail.
 */
export function miniClusterManifest(order: WorkOrder, pod: StepPod, surroundings: KindSurroundings): KubernetesObject {
  const { spec } = order;
  const { group, version, kind } = resources.miniClusters;
  const { nodes, tasks } = tasksOf(spec.resources);
  const view = spec.fluxView ?? surroundings.settings.fluxView;
  const hasFlux = view === 'none';
  const template = pod.template.spec as unknown as V1PodSpec;
  const containers = [runnerOf(order, pod, surroundings), agentOf(pod)];
  return {
    apiVersion: `${group}/${version}`,
    kind,
    metadata: { name: pod.name, namespace: pod.namespace, labels: pod.labels, annotations: pod.annotations },
    spec: {
      size: nodes,
      tasks,
      interactive: false,
      cleanup: false,
      backoffLimit: 1,
      deadlineSeconds: pod.deadlineSeconds ?? unclaimedSeconds,
      shareProcessNamespace: true,
      // By these the Job is found, and queued.
      jobLabels: { ...pod.labels, ...queueLabels(pod.queue, pod.priorityClass) },
      // Two in one namespace must not have one Service.
      network: { headlessName: pod.name },
      logging: { strict: hasFlux, quiet: true },
      flux: {
        noWaitSocket: true,
        container: {
          name: 'flux-view',
          mountPath: fluxMount,
          disable: hasFlux,
          // Its init container is there even so, and needs no more than bash.
          ...(hasFlux ? { image: containers[0]?.image } : view !== undefined && { image: view }),
        },
      },
      pod: {
        restartPolicy: 'Never',
        automountServiceAccountToken: false,
        labels: pod.template.metadata.labels,
        annotations: {
          ...pod.template.metadata.annotations,
          'kubectl.kubernetes.io/default-container': containerNames.agent,
        },
        ...(template.nodeSelector && { nodeSelector: template.nodeSelector }),
        ...tolerationsOf(template.tolerations),
        ...(template.serviceAccountName !== undefined && { serviceAccountName: template.serviceAccountName }),
        ...(template.schedulerName !== undefined && { schedulerName: template.schedulerName }),
        ...(template.runtimeClassName !== undefined && { runtimeClassName: template.runtimeClassName }),
      },
      containers,
    },
  };
}

function runnerOf({ spec }: WorkOrder, pod: StepPod, { settings }: KindSurroundings): FluxContainer {
  const step = containerOf(pod, 'containers', containerNames.step);
  const { shell, texts } = commandsOf(spec);
  const { workdir } = workplaceOf(spec, settings, miniClusterLayout);
  const words = podWrapperCommand({ workdir, commands: texts.length, shell });
  return {
    ...imageOf(step, settings.pullSecrets[0]),
    runFlux: true,
    launcher: true,
    // Its session is that of the broker's.
    command: [...words, 'company'].join(' '),
    environment: {},
    volumes: {
      [pod.name]: { configMapName: pod.name, path: miniClusterLayout.commands, readOnly: true },
      // Ranks of one pod talk by it, and container runtimes give 64 MiB; the operator mounts every emptyDir there.
      'konverge-shared-memory': { emptyDir: true, emptyDirMedium: 'memory' },
      ...volumesOf(settings.volumes),
    },
    resources: step.resources,
  };
}

function agentOf(pod: StepPod): FluxContainer {
  const agent = containerOf(pod, 'initContainers', containerNames.agent);
  const [, , script = ''] = buildPodAgentCommand(miniClusterLayout, podAgentProgram);
  return {
    ...imageOf(agent, undefined),
    name: containerNames.agent,
    runFlux: false,
    // The operator gives every container a terminal, which would end lines in two characters.
    command: `stty -opost 2>/dev/null || :\nexec /bin/sh -c ${shellWord(script)}`,
    environment: { KONVERGE_POD_ROLE: 'indexed', KONVERGE_POD_SHARED: miniClusterLayout.shared },
    volumes: {
      'konverge-agent': { secretName: pod.secretName, path: miniClusterLayout.agentConfig, readOnly: true },
    },
    resources: agent.resources,
  };
}

function imageOf(
  { image = '', imagePullPolicy }: V1Container,
  imagePullSecret: string | undefined,
): Pick<FluxContainer, 'image' | 'imagePullPolicy' | 'imagePullSecret'> {
  return {
    image,
    ...(imagePullPolicy !== undefined && { imagePullPolicy }),
    ...(imagePullSecret !== undefined && { imagePullSecret }),
  };
}

function containerOf(pod: StepPod, list: 'containers' | 'initContainers', name: string): V1Container {
  const template = pod.template.spec as unknown as V1PodSpec;
  const found = (template[list] ?? []).find((container) => container.name === name);
  // buildStepPod makes both, and a patch cannot take them away.
  if (found === undefined) throw new TypeError(`a pod without the container ${name}`);
  return found;
}

function tolerationsOf(all: readonly V1Toleration[] = []): { readonly tolerations?: readonly object[] } {
  const tolerations = ownTolerations(all);
  return tolerations.length === 0 ? {} : { tolerations };
}

/** Of its Indexed Job, as Kueue counts it. */
export function miniClusterPodSets({ spec }: KubernetesObject): readonly PodSet[] {
  const { size, containers } = spec as { readonly size: number; readonly containers: readonly FluxContainer[] };
  const counted = containers.map((container) => ({ name: container.name ?? 'flux', resources: container.resources }));
  return [{ name: 'main', count: size, spec: { containers: counted } }];
}
