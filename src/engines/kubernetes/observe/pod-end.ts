import { KonvergeError } from '../../../domain/error.ts';
import { type Failure, failure, storageFailure } from '../../../domain/failure.ts';
import { parsePodReport } from '../../../domain/pod-handshake.ts';
import type { PodReport } from '../../../domain/pod-job.ts';
import { podErrorExitCode } from '../../../domain/pod-wrapper.ts';
import type { StagingPlan } from '../../../domain/staging.ts';
import { holds } from '../kueue/condition.ts';
import { exitFailure } from './exit-meaning.ts';
import type { Pod, Termination } from './pod.ts';

/** How a step ended, as its pod tells. */
export interface PodEnd {
  readonly failure?: Failure;
  readonly report?: PodReport;
  readonly finishedAtMs?: number;
}

/**
 * The end of the step's container, if it has ended. Whether it may be believed is another question: a container that was
 * told to end by a preemption has an exit code too.
 */
export function podEnd(pod: Pod, staging: StagingPlan['by'] | undefined): PodEnd | undefined {
  const terminated = pod.step?.terminated;
  if (terminated === undefined) return undefined;
  const report = parsePodReport(terminated.message);
  const why = hasSucceeded(pod, terminated, report)
    ? missingManifest(report, staging)
    : failureOf(pod, terminated, report);
  return {
    ...(why && { failure: why }),
    ...(report && { report }),
    ...(terminated.finishedAtMs !== undefined && { finishedAtMs: terminated.finishedAtMs }),
  };
}

function hasSucceeded({ isDiscreet }: Pod, { exitCode }: Termination, report: PodReport | undefined): boolean {
  return exitCode === 0 && (!isDiscreet || report?.exitCode === 0);
}

/** The command has succeeded, but what the core needs to make its outputs visible did not arrive. */
function missingManifest(report: PodReport | undefined, staging: StagingPlan['by'] | undefined): Failure | undefined {
  if (report?.error) return reported(report.error);
  if (staging !== 'agent' || report?.manifest) return undefined;
  return storageFailure(
    new KonvergeError('agent-lost', 'its command succeeded, but its pod does not say where the outputs are'),
  );
}

function failureOf(pod: Pod, terminated: Termination, report: PodReport | undefined): Failure {
  const { exitCode, reason, signal } = terminated;
  if (reason === 'OOMKilled') return outOfMemory(pod);
  const notStarted = startFailure(pod, terminated);
  if (notStarted) return notStarted;
  // The command's own end counts for more than that its logs could not be kept.
  const own = report?.exitCode;
  if (own !== undefined && own !== 0) return report?.outOfMemory ? outOfMemory(pod) : exitFailure(own);
  if (report?.error) return reported(report.error);
  if (pod.isDiscreet && report === undefined && exitCode !== 0) return fluxFailure(pod, exitCode);
  if (report === undefined && (exitCode === podErrorExitCode || exitCode === 0)) {
    return storageFailure(new KonvergeError('agent-lost', 'its agent left no word of what went wrong'));
  }
  return exitFailure(exitCode, signal);
}

/** Our wrapper exits with 0, so it is what runs it that has failed: the operator's script, or Flux itself. */
function fluxFailure(pod: Pod, exitCode: number): Failure {
  if (exitCode !== 127) {
    return failure('lost', `its Flux instance ended with exit code ${exitCode}, without a word on the step${on(pod)}`);
  }
  const { image = 'its image' } = pod.step ?? {};
  return storageFailure(
    new KonvergeError('image-unfit', `${image} lacks what a Flux instance needs: flux, or a program that starts it`, {
      hint: 'Use an image that has Flux, or have a view of it added: `flux_view` in konverge.yaml.',
    }),
  );
}

function reported({ code, message, hint }: NonNullable<PodReport['error']>): Failure {
  return storageFailure(new KonvergeError(code, message, hint === '' ? {} : { hint }));
}

function outOfMemory({ memoryLimit }: Pod): Failure {
  const limit = memoryLimit === undefined ? 'the memory that its node has' : `its memory limit of ${memoryLimit}`;
  return failure('out-of-memory', `it used more than ${limit}, and the kernel killed it`);
}

/** What the container runtime says if nothing of the command ever ran: containerd has StartError, docker ContainerCannotRun. */
export function startFailure(pod: Pod, { reason, message }: Termination): Failure | undefined {
  if (reason !== 'StartError' && reason !== 'ContainerCannotRun') return undefined;
  if (/OOM-killed|memory limit too low/i.test(message)) return outOfMemory(pod);
  const image = pod.step?.image ?? 'its image';
  const missing = /exec: "([^"]+)"(.*)/s.exec(message);
  if (missing) {
    const [, program = '', words = ''] = missing;
    return failure('image', `${image} cannot run ${program}${words.split('\n')[0]?.replace(/: unknown$/, '')}`);
  }
  return failure('lost', `its container could not be started${on(pod)}: ${message}`);
}

/** Why the pod as a whole was ended, by its node or by the cluster; undefined if it was not. */
export function podDisruption(pod: Pod): Failure | undefined {
  const { reason, message } = pod;
  if (reason === 'DeadlineExceeded') return ranTooLong(pod.deadlineSeconds);
  if (reason === 'Evicted') return evicted(pod);
  const target = holds(pod.conditions, 'DisruptionTarget');
  if (target) return failure('lost', `its pod was ended${on(pod)}: ${disruptions[target.reason] ?? words(target)}`);
  // The kubelet refuses a pod that it cannot hold, such as OutOfcpu, before any container is made. One that somebody deletes
  // before that, as its Job does at its deadline, fails without a word too: the Job says why.
  if (pod.phase === 'Failed' && pod.step?.terminated === undefined && pod.goneByMs === undefined) {
    return failure('lost', `its pod failed${on(pod)}: ${words({ reason, message })}`);
  }
  return undefined;
}

/** Its container had ended before anybody deleted it. Times are whole seconds: in the same one, the deletion may have been first. */
export function endedByItself({ step, deletedAtMs, goneByMs }: Pod): boolean {
  const terminated = step?.terminated;
  if (terminated === undefined) return false;
  if (goneByMs === undefined) return true;
  return terminated.finishedAtMs !== undefined && deletedAtMs !== undefined && terminated.finishedAtMs < deletedAtMs;
}

/** `seconds`: of its runtime, where it is known. */
export function ranTooLong(seconds: number | undefined): Failure {
  const runtime = seconds === undefined ? 'its runtime' : `its runtime of ${seconds} s`;
  return failure('timeout', `it ran longer than ${runtime} and was ended`);
}

/** Reasons of the condition DisruptionTarget: https://kubernetes.io/docs/concepts/workloads/pods/disruptions/ */
const disruptions: Readonly<Record<string, string>> = {
  PreemptionByScheduler: 'a pod of higher priority needs its place',
  DeletionByTaintManager: 'its node no longer takes it, or does not answer',
  EvictionByEvictionAPI: 'its node is being emptied',
  DeletionByPodGC: 'its node is gone',
  TerminationByKubelet: 'its node shuts down, or has too little of something left',
};

/** Its own disk limit is the step's affair; that the node ran short is not. */
function evicted(pod: Pod): Failure {
  const { message } = pod;
  if (/exceed(s|ed) /.test(message) && !message.startsWith('The node was low')) {
    return {
      ...failure('user', `it used more disk than its limit: ${message.trim()}`),
      hint: 'Ask for more disk, for example disk_mb=20000.',
    };
  }
  return failure('lost', `its node${pod.node === undefined ? '' : ` ${pod.node}`} evicted it: ${message.trim()}`);
}

function words({ reason, message }: { readonly reason: string; readonly message: string }): string {
  return [reason, message].filter((part) => part !== '').join(': ') || 'no reason is given';
}

function on({ node }: Pod): string {
  return node === undefined ? '' : ` on node ${node}`;
}
