import type { V1Container, V1PodSpec, V1SecretVolumeSource, V1Volume } from '@kubernetes/client-node';
import { containerNames, podLayout, secretKeys } from '../../../../domain/pod-layout.ts';
import { podHooks, podWrapperCommand } from '../../../../domain/pod-wrapper.ts';
import type { PodTemplate } from '../../pod/apply-pod-patch.ts';
import { commandKey } from '../../pod/commands.ts';
import { environmentKey } from '../../pod/environment.ts';
import type { Plain } from '../../pod/plain.ts';
import type { StepPod } from '../../pod/step-pod.ts';
import { volumeNames } from '../../pod/volumes.ts';
import { mpiFiles } from './environment.ts';
import { sshPort } from './launcher-script.ts';

const lingerSeconds = 2;

/** Of the launcher: the step's pod. The operator changes its first container, which is the step's. */
export function launcherTemplate(pod: StepPod): PodTemplate {
  return changed(pod.template, (spec) =>
    mpiPod(spec, (step) => ({
      ...step,
      env: [...(step.env ?? []), { name: 'KONVERGE_POD_UID', valueFrom: { fieldRef: { fieldPath: 'metadata.uid' } } }],
    })),
  );
}

/**
 * Of the other pods: the same, but in place of the step's commands the wrapper runs an sshd, and the agent brings inputs alone. What is
 * beside the step's files for the launcher has other names here.
 */
export function workerTemplate(pod: StepPod): PodTemplate {
  const items = [
    ...[secretKeys.wrapper, environmentKey, mpiFiles.outputs, mpiFiles.session, mpiFiles.passwd, mpiFiles.rankNote].map(
      (key) => ({
        key,
        path: key,
      }),
    ),
    { key: mpiFiles.rankBefore, path: podHooks.before },
    { key: mpiFiles.rank, path: commandKey(0) },
  ];
  return changed(pod.template, (spec) => {
    const whole = mpiPod(spec, (step) => ({
      ...step,
      command: [...podWrapperCommand({ workdir: workdirOf(step), commands: 1, shell: 'sh' })],
      // It says that the inputs are there too. One that is busy later is not taken for one that has gone.
      readinessProbe: { tcpSocket: { port: sshPort }, periodSeconds: 1, failureThreshold: 60 },
      // When all are ended together, the launcher first: else it fails of the loss of another pod, and its Job with it.
      lifecycle: { preStop: { exec: { command: ['/bin/sh', '-c', `sleep ${lingerSeconds}`] } } },
    }));
    return {
      ...whole,
      initContainers: (whole.initContainers ?? []).map((container) =>
        container.name === containerNames.agent
          ? { ...container, env: [...(container.env ?? []), { name: 'KONVERGE_POD_ROLE', value: 'rank' }] }
          : container,
      ),
      volumes: (whole.volumes ?? []).map((volume) => withItems(volume, items)),
    };
  });
}

type PodSpec = Plain<V1PodSpec>;
type Container = Plain<V1Container>;
type Volume = Plain<V1Volume>;

/** What all pods of an MPIJob have. Its replicas say how they are restarted, and the operator warns of templates that do too. */
function mpiPod(whole: PodSpec, change: (step: Container) => Container): PodSpec {
  const spec = { ...whole };
  delete spec.restartPolicy;
  return {
    ...spec,
    containers: spec.containers.map((container) => {
      if (container.name !== containerNames.step) return container;
      const step = change(container);
      return {
        ...step,
        volumeMounts: [
          ...(step.volumeMounts ?? []),
          // sshd and ssh serve nobody whom the list of users does not know, and images do not know ours.
          { name: volumeNames.commands, mountPath: '/etc/passwd', subPath: mpiFiles.passwd, readOnly: true },
        ],
      };
    }),
  };
}

function changed({ metadata, spec }: PodTemplate, change: (spec: PodSpec) => PodSpec): PodTemplate {
  return { metadata, spec: change(spec as PodSpec) };
}

/** The wrapper's first argument. */
function workdirOf({ command = [] }: Container): string {
  return command[2] ?? podLayout.work;
}

function withItems(volume: Volume, items: Plain<V1SecretVolumeSource>['items']): Volume {
  return volume.name === volumeNames.commands && volume.secret
    ? { ...volume, secret: { ...volume.secret, items: items ?? [] } }
    : volume;
}
