import { KonvergeError } from '../../../domain/error.ts';
import { type Failure, failure, storageFailure } from '../../../domain/failure.ts';
import { find } from '../kueue/condition.ts';
import type { ContainerState, Pod } from './pod.ts';

/** Why a container of a pod does not come to run. Kubernetes tries for ever. */
export interface Trouble {
  /** One sentence; the same as long as the cause is. */
  readonly sentence: string;
  /** Trying again is of no use. */
  readonly isFinal: boolean;
  /** What becomes of the step if it lasts. */
  readonly failure: Failure;
}

/** Of an image: kubernetes/pkg/kubelet/images/types.go. */
const imageReasons: ReadonlySet<string> = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'InvalidImageName',
  'ErrImageNeverPull',
  'ImageInspectError',
  'RegistryUnavailable',
  'SignatureValidationFailed',
]);

/** Of a container: kubernetes/pkg/kubelet/kuberuntime/kuberuntime_container.go. */
const containerReasons: ReadonlySet<string> = new Set([
  'CreateContainerConfigError',
  'CreateContainerError',
  'PreCreateHookError',
  'PreStartHookError',
  'PostStartHookError',
  'RunContainerError',
]);

const finalReasons: ReadonlySet<string> = new Set(['InvalidImageName', 'ErrImageNeverPull']);

export function troubleOf(pod: Pod): Trouble | undefined {
  for (const container of [pod.agent, pod.step, ...pod.others]) {
    const trouble = container && containerTrouble(container, partOf(pod, container));
    if (trouble) return trouble;
  }
  return undefined;
}

interface Part {
  readonly image: string;
  readonly container: string;
}

function partOf({ agent, step }: Pod, container: ContainerState): Part {
  if (container === agent) return { image: 'the image of the agent,', container: "its agent's container" };
  if (container === step) return { image: 'its image', container: 'its container' };
  const { name } = container;
  return { image: `the image of its container ${name},`, container: `its container ${name}` };
}

function containerTrouble(container: ContainerState, part: Part): Trouble | undefined {
  const { waiting, image } = container;
  if (waiting === undefined) return undefined;
  const { reason } = waiting;
  const words = plain(waiting.message);
  if (imageReasons.has(reason)) {
    const cannot = finalReasons.has(reason) ? 'cannot be used' : 'cannot be pulled';
    const cause = words === '' || finalReasons.has(reason) ? `${reason}${words === '' ? '' : `: ${words}`}` : words;
    const sentence = `${part.image} ${image} ${cannot}: ${cause}`;
    return { sentence, isFinal: finalReasons.has(reason), failure: failure('image', sentence) };
  }
  if (containerReasons.has(reason)) {
    const sentence = `${part.container} cannot be made of ${image}: ${reason}${words === '' ? '' : `: ${words}`}`;
    return { sentence, isFinal: false, failure: failure('image', sentence) };
  }
  if (reason === 'CrashLoopBackOff') {
    const sentence = agentEnds(container);
    return { sentence, isFinal: false, failure: storageFailure(new KonvergeError('agent-lost', sentence)) };
  }
  return undefined;
}

/** The same while it waits for its next start and while it runs once more. */
export function agentEnds({ last, terminated }: ContainerState): string {
  const end = terminated ?? last;
  if (end === undefined) return 'its agent ends again and again';
  const words = plain(end.message);
  return `its agent ends again and again: exit code ${end.exitCode}${words === '' ? '' : `, ${words}`}`;
}

/** What a pod that does not run yet is at. */
export function startingSentence(pod: Pod): string {
  const scheduled = find(pod.conditions, 'PodScheduled');
  const where = pod.node === undefined ? '' : ` on node ${pod.node}`;
  if (scheduled?.status === 'False') {
    if (scheduled.reason === 'SchedulingGated') return 'its pod is held back by a scheduling gate';
    return `no node takes its pod: ${scheduled.message || scheduled.reason}`;
  }
  if (pod.node === undefined) return 'its pod waits for a node';
  if (pod.agent?.running === undefined && pod.step?.running === undefined) return `its agent is being started${where}`;
  return `its container is being made${where}${pod.step ? ` of ${pod.step.image}` : ''}`;
}

/**
 * Without what the kubelet puts around the words of the container runtime: the pause and the pull alternate every few
 * seconds, and their sentence shall not.
 */
function plain(message: string): string {
  return message
    .replace(/^Back-off pulling image "[^"]*"(: (ErrImagePull|RegistryUnavailable): |$)/, '')
    .replaceAll(/rpc error: code = \w+ desc = /g, '')
    .trim();
}
