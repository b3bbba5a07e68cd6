import { type Failure, failure } from '../../../domain/failure.ts';
import { find, holds } from '../kueue/condition.ts';
import { startingSentence, type Trouble, troubleOf } from './container-trouble.ts';
import { type Pod, type PodContainers, readPod } from './pod.ts';
import { endedByItself, podDisruption, podEnd } from './pod-end.ts';
import type { OtherPod } from './step-objects.ts';

/** A launcher that loses a pod ends by itself, and says more then; one that does not is ended. */
const toleranceMs = 10_000;
/** That the launcher failed is heard of before that a pod of other ranks did, if that is what it failed of: they end after it. */
const settlingMs = 10_000;

/** A pod of ranks other than those beside the launcher; what its container runs is ours, not the step's. */
export interface RankPod extends Pod {
  /** As a person knows it: `worker-0`. */
  readonly rank: string;
}

export function rankPods(others: readonly OtherPod[], containers?: PodContainers): readonly RankPod[] {
  return others
    .filter(({ role }) => role === 'rank')
    .map(({ object, gone }): RankPod => {
      return { ...readPod(object, gone, containers), rank: rankOf(object) };
    })
    .sort((a, b) => a.createdAtMs - b.createdAtMs || a.rank.localeCompare(b.rank, 'en', { numeric: true }));
}

/** `worker-0` of an MPIJob; of an Indexed Job, whose pods have a number, `pod 1`. */
function rankOf({ metadata }: OtherPod['object']): string {
  const index = metadata.labels?.['batch.kubernetes.io/job-completion-index'];
  return index === undefined ? (/worker-\d+$/.exec(metadata.name)?.[0] ?? metadata.name) : `pod ${index}`;
}

/** `open`: it may yet become another end; look again at that time (ms since the epoch). */
export type RankEnd =
  | { readonly kind: 'failed'; readonly failure: Failure }
  | { readonly kind: 'open'; readonly untilMs: number };

/** How the launcher's pod stands. */
export interface Launcher {
  readonly pod: Pod | undefined;
  /** By itself, not because its object was ended. */
  readonly failure: Failure | undefined;
}

const nobody: Launcher = { pod: undefined, failure: undefined };

/**
 * What has become of the other pods means for a step that has not succeeded. Undefined: nothing. `sinceMs`: of the admission; older
 * pods are of an earlier one.
 */
export function rankEnd(
  ranks: readonly RankPod[],
  launcher: Launcher,
  sinceMs: number,
  nowMs: number,
): RankEnd | undefined {
  const isCurrent = ({ createdAtMs }: Pod): boolean => createdAtMs >= sinceMs;
  const { pod, failure: own } = launcher.pod && isCurrent(launcher.pod) ? launcher : nobody;
  // All pods of an Indexed Job are ended together, by its deadline or for an eviction: which, is told otherwise.
  if (pod?.isDiscreet && pod.goneByMs !== undefined && !endedByItself(pod)) return undefined;
  const launcherEndMs = pod && endedByItself(pod) ? (pod.step?.terminated?.finishedAtMs ?? nowMs) : undefined;
  // Its files, its memory and its image are its own; that others do not answer is theirs.
  if (launcherEndMs !== undefined && own?.class !== 'user' && own?.code !== 'workload-lost') return undefined;
  const current = ranks.filter(isCurrent);
  const why = causeOf(current, pod, launcherEndMs);
  if (launcherEndMs !== undefined) {
    if (why) return { kind: 'failed', failure: why };
    const settledAtMs = launcherEndMs + settlingMs;
    const isRecent = launcherEndMs <= nowMs && nowMs < settledAtMs;
    return isRecent && current.some((rank) => rank.step?.terminated === undefined)
      ? { kind: 'open', untilMs: settledAtMs }
      : undefined;
  }
  if (why === undefined) return undefined;
  // The operator makes another pod of the same name, after which nobody knows why this one went.
  const isOver = current.some((rank) => rank.step?.terminated !== undefined && podDisruption(rank) !== undefined);
  if (isOver) return { kind: 'failed', failure: why };
  const untilMs = Math.max(...current.map(lastMs)) + toleranceMs;
  if (pod?.step?.running && pod.goneByMs === undefined && nowMs < untilMs) return { kind: 'open', untilMs };
  return { kind: 'failed', failure: why };
}

function causeOf(
  ranks: readonly RankPod[],
  launcher: Pod | undefined,
  launcherEndMs: number | undefined,
): Failure | undefined {
  const failures = ranks.flatMap((rank) => failureOf(rank) ?? []);
  // Of several, what is the step's own affair says more than that a connection was lost.
  const own = failures.find(({ class: cls }) => cls !== 'lost') ?? failures[0];
  if (own) return own;
  const begunAtMs = launcher?.step?.running?.sinceMs ?? launcher?.step?.terminated?.startedAtMs;
  const taken = ranks.find(
    (rank) =>
      // The operator makes another one in its place, and removes all of them after the launcher's end.
      (begunAtMs !== undefined && !rank.isDiscreet && rank.createdAtMs > begunAtMs) ||
      (rank.goneByMs !== undefined &&
        (launcherEndMs === undefined || (rank.deletedAtMs ?? rank.goneByMs) <= launcherEndMs)),
  );
  return taken && failure('lost', `${podOf(taken)} was deleted by somebody`);
}

function podOf({ rank }: RankPod): string {
  return rank.startsWith('pod ') ? `its ${rank}` : `the pod of its ${rank}`;
}

function failureOf(rank: RankPod): Failure | undefined {
  const disrupted = podDisruption(rank);
  if (disrupted) return named(rank, disrupted);
  const terminated = rank.step?.terminated;
  if (terminated === undefined) return undefined;
  const isOutOfMemory = terminated.reason === 'OOMKilled';
  // One that was told to end has another exit code than 0.
  if (!isOutOfMemory && !endedByItself(rank)) return undefined;
  // A follower of a Flux instance that ends with the lead has nothing to report.
  if (rank.isDiscreet && terminated.exitCode === 0) return undefined;
  const why = podEnd(rank, undefined)?.failure;
  if (why === undefined) return undefined;
  // Its sshd was ended by something; 137 is how it tells that the kernel has killed a rank.
  if (why.class === 'user' && why.exitCode === 137) return named(rank, outOfMemory(rank));
  if (why.class === 'user') return failure('lost', `its ${rank.rank} ended with exit code ${terminated.exitCode}`);
  return named(rank, why);
}

function outOfMemory({ memoryLimit }: Pod): Failure {
  const limit = memoryLimit === undefined ? 'the memory that its node has' : `its memory limit of ${memoryLimit}`;
  return failure('out-of-memory', `it used more than ${limit}, and the kernel killed one of its processes`);
}

function named({ rank }: RankPod, why: Failure): Failure {
  return { ...why, message: `${rank}: ${why.message}` };
}

/** When something was last heard of it. */
function lastMs({ step, deletedAtMs, createdAtMs }: RankPod): number {
  return step?.terminated?.finishedAtMs ?? deletedAtMs ?? createdAtMs;
}

/** What the other pods are at; the launcher, if there is one, waits for them. Undefined: they are ready, or have been. */
export function rankStart(
  ranks: readonly RankPod[],
  launcher: Pod | undefined,
): { readonly sentence: string; readonly trouble?: Trouble } | undefined {
  // One that is gone was of an earlier admission.
  if (launcher?.isGone === false && (launcher.step?.terminated || launcher.goneByMs !== undefined)) return undefined;
  const [pod] = ranks
    .filter(({ goneByMs, isGone, step }) => goneByMs === undefined && !isGone && step?.terminated === undefined)
    .filter((rank) => !isUp(rank))
    .sort((a, b) => urgency(b) - urgency(a));
  if (pod === undefined) return undefined;
  const trouble = troubleOf(pod);
  if (trouble) {
    const sentence = `${pod.rank}: ${trouble.sentence}`;
    return { sentence, trouble: { ...trouble, sentence, failure: { ...trouble.failure, message: sentence } } };
  }
  const words = pod.step?.running ? 'it brings its inputs' : startingSentence(pod);
  return { sentence: `${pod.rank}: ${words}` };
}

/** Of an MPIJob it listens. Of a MiniCluster its agent ends when it has brought the inputs, after which the pod is not Ready. */
function isUp({ conditions, isDiscreet, step }: RankPod): boolean {
  return isDiscreet ? step?.running !== undefined : holds(conditions, 'Ready') !== undefined;
}

/** What most needs somebody: trouble, then no place. */
function urgency(pod: RankPod): number {
  if (troubleOf(pod)) return 2;
  return find(pod.conditions, 'PodScheduled')?.status === 'False' ? 1 : 0;
}
