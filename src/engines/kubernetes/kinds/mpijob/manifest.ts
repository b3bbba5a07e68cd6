import type { WorkOrder } from '../../../../ports/engine.ts';
import { type KubernetesObject, resources } from '../../client/object.ts';
import { gateAnnotations, groupAnnotations, queueLabels } from '../../kueue/labels.ts';
import type { PodTemplate } from '../../pod/apply-pod-patch.ts';
import type { StepPod } from '../../pod/step-pod.ts';
import type { PodSet } from '../kind.ts';
import { mpiOf } from './additions.ts';
import { sshKeys } from './environment.ts';
import { tasksPerNode } from './members.ts';
import { launcherTemplate, workerTemplate } from './templates.ts';

interface ReplicaSpec {
  readonly replicas: number;
  readonly restartPolicy: 'Never';
  readonly template: PodTemplate;
}

type Replicas = { readonly Launcher: ReplicaSpec; readonly Worker?: ReplicaSpec };

/**
 * kubeflow.org/v2beta1 MPIJob of a step, suspended. The pod in which its commands run is the launcher, and rank 0's too; the others
 * are workers, and on one node there are none. Pure.
 */
export function mpiJobManifest({ spec }: WorkOrder, pod: StepPod): KubernetesObject {
  const { group, version, kind } = resources.mpiJobs;
  const mpi = mpiOf(spec.resources);
  const together = mpi.nodes > 1 ? groupAnnotations(spec.topology, 'mpi') : {};
  const replicas: Replicas = {
    Launcher: replicaSpec(1, annotated(launcherTemplate(pod), together)),
    ...(mpi.nodes > 1 && { Worker: replicaSpec(mpi.nodes - 1, annotated(workerTemplate(pod), together)) }),
  };
  return {
    apiVersion: `${group}/${version}`,
    kind,
    metadata: {
      name: pod.name,
      namespace: pod.namespace,
      labels: { ...pod.labels, ...queueLabels(pod.queue, pod.priorityClass) },
      annotations: { ...pod.annotations, ...gateAnnotations(spec.gates) },
    },
    spec: {
      slotsPerWorker: tasksPerNode(mpi),
      runLauncherAsWorker: true,
      // Of the launchers of MPI only what the operator sets for them depends on it, and we set that ourselves.
      mpiImplementation: 'OpenMPI',
      // Under Kueue the other policy changes nothing: of a suspended MPIJob all workers count as ready. So the launcher waits itself.
      launcherCreationPolicy: 'AtStartup',
      sshAuthMountPath: sshKeys,
      runPolicy: {
        suspend: true,
        cleanPodPolicy: 'Running',
        // Who runs a step again, and how often, is the engine's to say: each time it is another object.
        backoffLimit: 0,
        ...(pod.deadlineSeconds === undefined ? {} : { activeDeadlineSeconds: pod.deadlineSeconds }),
      },
      mpiReplicaSpecs: replicas,
    },
  };
}

function replicaSpec(replicas: number, template: PodTemplate): ReplicaSpec {
  return { replicas, restartPolicy: 'Never', template };
}

function annotated({ metadata, spec }: PodTemplate, more: Readonly<Record<string, string>>): PodTemplate {
  return { metadata: { ...metadata, annotations: { ...metadata.annotations, ...more } }, spec };
}

/** As Kueue names and orders them. */
export function mpiJobPodSets({ spec }: KubernetesObject): readonly PodSet[] {
  const { mpiReplicaSpecs } = spec as { readonly mpiReplicaSpecs: Replicas };
  const { Launcher, Worker } = mpiReplicaSpecs;
  return [
    { name: 'launcher', count: 1, spec: Launcher.template.spec },
    ...(Worker ? [{ name: 'worker', count: Worker.replicas, spec: Worker.template.spec }] : []),
  ];
}
