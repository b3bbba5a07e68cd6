import { type Failure, failure } from '../../../domain/failure.ts';
import { operatorOfKind, workloadKinds } from '../../../domain/kind.ts';
import type { Observation } from '../../../domain/observation.ts';
import type { WorkloadStatus } from '../kinds/kind.ts';
import { conditionsOf, find, isRecord } from '../kueue/condition.ts';
import { kueueQueueHints } from '../kueue/queue-hints.ts';
import { evictionCount, readWorkload, type Workload } from '../kueue/workload.ts';
import { phaseOf, type WorkloadPhase } from '../kueue/workload-phase.ts';
import { agentEnds, startingSentence, type Trouble, troubleOf } from './container-trouble.ts';
import { currentPod, type Pod, readPod } from './pod.ts';
import { endedByItself, type PodEnd, podDisruption, podEnd, ranTooLong } from './pod-end.ts';
import { type RankEnd, type RankPod, rankEnd, rankPods, rankStart } from './rank-pods.ts';
import {
  type ServiceEnd,
  type ServicePod,
  serviceEnd,
  servicePods,
  serviceStart,
  takenService,
  unseenEnd,
} from './service-pods.ts';
import type { Limits, Look, Memory, StepObjects } from './step-objects.ts';

/** For how long Kueue must say that a step never fits: its words may be of a moment in which somebody changes a quota. */
const neverFitsGraceMs = 60_000;
/** A pod that is not gone so long after its grace period is on a node that does not answer. */
const overdueMs = 30_000;
/** An agent that has run for so long since its last end is well again. */
const steadyMs = 60_000;
/** Without a Workload, or admitted without a pod, for so long, something is wrong with Kueue, or with what makes pods. Under load it takes 30 s (facts of the testbed). */
const unseenMs = 45_000;

/**
 * What is to be said of a step now. Pure. The order of the questions is the point of it:
 *
 * 1. Has the command succeeded, with its outputs uploaded? That stays true whatever happens to the pod.
 * 2. Is it cancelled, deactivated, given up by Kueue, or has its object ended or gone? These are final; how exactly it ended
 *    its pod may tell, if it ended before somebody deleted it.
 * 3. Is it suspended, or evicted by Kueue? Then it waits, whatever its pods say: a preempted pod looks like a failed one
 *    (phase Failed, exit code 143), and its Job goes on later with another one.
 * 4. Only now the pod: ended by its node, ended by itself, running, starting.
 */
export function observationOf(objects: StepObjects, memory: Memory, limits: Limits, nowMs: number): Look {
  const workload = objects.workload && readWorkload(objects.workload);
  const pods = objects.pods.map(({ object, gone }) => readPod(object, gone, objects.containers));
  const services = servicePods(objects.others);
  const ranks = rankPods(objects.others, objects.containers);
  const phase = phaseOf(workload);
  const view: View = { objects, memory, limits, nowMs, pods, services, ranks, phase, ...(workload && { workload }) };
  return ended(view) ?? closing(view) ?? waiting(view) ?? active(view);
}

interface View {
  readonly objects: StepObjects;
  readonly memory: Memory;
  readonly limits: Limits;
  readonly nowMs: number;
  readonly workload?: Workload;
  readonly phase: WorkloadPhase;
  readonly pods: readonly Pod[];
  readonly services: readonly ServicePod[];
  readonly ranks: readonly RankPod[];
}

function ended(view: View): Look | undefined {
  const { objects, pods } = view;
  if (objects.isCancelled) return undefined;
  for (const pod of pods) {
    const end = podEnd(pod, objects.staging);
    if (end === undefined || end.failure) continue;
    // A command may answer SIGTERM with exit code 0. A manifest is written after a success only.
    // So does one that its node evicts, whose pod nobody has deleted.
    if (end.report?.manifest || (endedByItself(pod) && podDisruption(pod) === undefined)) return over(view, end);
  }
  return undefined;
}

function closing(view: View): Look | undefined {
  const { objects, phase, nowMs } = view;
  const { object, status } = objects;
  if (objects.isCancelled) {
    // It goes after its pods, which may be on a node that does not answer.
    const isBlocked =
      object?.metadata.deletionTimestamp !== undefined &&
      view.pods.some(({ isGone, goneByMs = nowMs }) => !isGone && nowMs >= goneByMs + overdueMs);
    if (podsRemain(view) || (object !== undefined && !isBlocked)) return silence(view, overdueAt(view));
    return fail(view, failure('cancelled', 'it was cancelled'), 'cancelled');
  }
  if (phase.kind === 'deactivated') return fail(view, deactivation(phase));
  if (status?.end?.kind === 'failed') return objectFailed(view, status.end);
  if (status?.end?.kind === 'complete') return objectComplete(view);
  if (object === undefined) {
    const own = ownEnd(view);
    if (own) return over(view, own);
    if (podsRemain(view)) return silence(view, overdueAt(view));
    return fail(view, failure('lost', 'what ran it was deleted by somebody'));
  }
  // Kueue heard before us that the object is gone: our own watch will say so.
  if (phase.kind === 'finished' && phase.reason === 'OwnerNotFound') return silence(view);
  if (phase.kind === 'finished' && phase.reason !== 'Succeeded' && phase.reason !== 'Failed') {
    return fail(view, failure(phase.reason === 'FailedToStart' ? 'never-admissible' : 'lost', `it ${phase.sentence}`));
  }
  // In foreground deletion it stays until its pods are gone.
  return object.metadata.deletionTimestamp === undefined ? undefined : silence(view, nowMs + overdueMs);
}

function deactivation({ reason, sentence }: WorkloadPhase): Failure {
  const cls = reason === 'DeactivatedDueToMaximumExecutionTimeExceeded' ? 'timeout' : 'never-admissible';
  return failure(cls, `it ${sentence}`);
}

function objectFailed(view: View, end: ObjectFailure): Look {
  const { object } = view.objects;
  if (end.reason === 'DeadlineExceeded') return fail(view, ranTooLong(deadlineOf(object?.spec)));
  const pod = currentPod(view.pods);
  const disrupted = pod && podDisruption(pod);
  if (disrupted) return fail(view, disrupted);
  const other = ofServices(view) ?? ofRanks(view);
  if (other) return other;
  const own = ownEnd(view);
  if (own) return over(view, own);
  if ((view.pods.length === 0 || end.service !== undefined) && !view.objects.podsAreFinal)
    return { ...silence(view), wantsPods: true };
  // What ran it may run on for its grace period; another start beside it could disturb a shared directory.
  if (podsRemain(view)) return silence(view, overdueAt(view));
  const words = [end.reason, end.message].filter((part) => part !== '').join(': ');
  if (end.service !== undefined) return fail(view, unseenEnd(end.service, view.services, words));
  return fail(
    view,
    failure(
      'lost',
      view.pods.length > 0
        ? 'its pod was deleted by somebody'
        : `its pod is gone, and how it ended is not known (${words})`,
    ),
  );
}

type ObjectFailure = Extract<NonNullable<WorkloadStatus['end']>, { readonly kind: 'failed' }>;

/** A service that has ended by itself ends the step, unless the step was there first. */
function ofServices(view: View): Look | undefined {
  const { pods, services, nowMs } = view;
  if (services.length === 0) return undefined;
  return lookAtOther(view, serviceEnd(services, { pod: currentPod(pods), failure: ownEnd(view)?.failure }, nowMs));
}

/** Of a program that runs in several pods, each needs all others. */
function ofRanks(view: View): Look | undefined {
  const { pods, ranks, nowMs } = view;
  if (ranks.length === 0) return undefined;
  const launcher = { pod: currentPod(pods), failure: ownEnd(view)?.failure };
  return lookAtOther(view, rankEnd(ranks, launcher, admittedMs(view), nowMs));
}

function lookAtOther(view: View, end: ServiceEnd | RankEnd | undefined): Look | undefined {
  if (end === undefined) return undefined;
  if (end.kind === 'open') return silence(view, end.untilMs);
  return fail(view, end.failure, 'failed', 'finishedAtMs' in end ? end.finishedAtMs : undefined);
}

function admittedMs({ objects, nowMs }: View): number {
  return find(conditionsOf(objects.workload?.status), 'Admitted')?.sinceMs ?? nowMs;
}

function objectComplete(view: View): Look {
  const { objects, pods } = view;
  const pod = currentPod(pods);
  const end = pod && podEnd(pod, objects.staging);
  if (end) return over(view, end);
  if (!objects.podsAreFinal) return { ...silence(view), wantsPods: true };
  if (objects.staging !== 'agent') return over(view, {});
  return fail(view, failure('lost', 'it succeeded, but its pod is gone, and with it the word where its outputs are'));
}

/** Of what Kubernetes kinds have it. */
function deadlineOf(spec: Readonly<Record<string, unknown>> | undefined): number | undefined {
  const policy = isRecord(spec?.['runPolicy']) ? spec['runPolicy'] : spec;
  const seconds = policy?.['activeDeadlineSeconds'] ?? policy?.['deadlineSeconds'];
  return typeof seconds === 'number' ? seconds : undefined;
}

function waiting(view: View): Look | undefined {
  const { objects, phase, memory, nowMs } = view;
  const isSuspended = objects.status?.suspended ?? false;
  if (phase.kind === 'never-fits') {
    const sinceMs = memory.neverFitsSinceMs ?? nowMs;
    if (nowMs - sinceMs >= neverFitsGraceMs) {
      const why = failure('never-admissible', `it ${phase.sentence}`);
      return fail(view, { ...why, hint: kueueQueueHints.tooSmall });
    }
    return {
      ...say(view, 'queued', phase.sentence, { neverFitsSinceMs: sinceMs }),
      lookAgainAtMs: sinceMs + neverFitsGraceMs,
    };
  }
  if (phase.kind === 'evicted') return say(view, 'queued', phase.sentence);
  if (!isSuspended) return undefined;
  if (phase.kind === 'admitted') return say(view, 'admitted', phase.sentence);
  if (phase.kind !== 'unseen' || view.workload) return say(view, 'queued', phase.sentence);
  const createdAtMs = Date.parse(objects.object?.metadata.creationTimestamp ?? '');
  const lateAtMs = (Number.isNaN(createdAtMs) ? nowMs : createdAtMs) + unseenMs;
  const { awaitedOperator } = objects;
  if (nowMs < lateAtMs) {
    const sentence = awaitedOperator === undefined ? phase.sentence : `waits for ${awaitedOperator} to make its Job`;
    return { ...say(view, 'queued', sentence), lookAgainAtMs: lateAtMs };
  }
  if (awaitedOperator !== undefined) {
    const late = `which has made no Job of it in ${unseenMs / 1000} s: it may be down, or say why in its log`;
    return say(view, 'queued', `waits for ${awaitedOperator}, ${late}`);
  }
  return say(
    view,
    'queued',
    `waits for Kueue, which has not taken it up in ${unseenMs / 1000} s: it may be down, or not manage this kind or namespace`,
  );
}

function active(view: View): Look {
  const { objects } = view;
  const pod = currentPod(view.pods);
  const disrupted = pod && podDisruption(pod);
  if (disrupted) return podsRemain(view) && !hasEnded(pod) ? silence(view, overdueAt(view)) : fail(view, disrupted);
  const taken = (): Look | undefined =>
    lookAtOther(view, takenService(view.services, pod, admittedMs(view), view.nowMs));
  const other = ofServices(view) ?? taken() ?? ofRanks(view);
  if (other) return other;
  // One that is gone was of an earlier admission, after which the services come first again.
  const start =
    (pod === undefined || pod.isGone ? serviceStart(view.services) : undefined) ?? rankStart(view.ranks, pod);
  if (start?.trouble) return troubled(view, start.trouble, 'starting');
  if (start) return say(view, 'starting', start.sentence);
  if (pod === undefined) return podless(view);
  const end = podEnd(pod, objects.staging);
  if (end && endedByItself(pod)) return over(view, end);
  // Deleted: by Kueue, by its Job at its deadline, or by hand. What comes next says which: an eviction, or the Job's end.
  if (end || pod.isGone || pod.goneByMs !== undefined) return silence(view, overdueAt(view));
  return trying(view, pod);
}

/** The API serves a kind also while what makes its pods does not run. */
function podless(view: View): Look {
  const { objects, phase, nowMs } = view;
  const lateAtMs = admittedMs(view) + unseenMs;
  if (nowMs < lateAtMs) {
    const sentence = phase.kind === 'admitted' ? phase.sentence : 'is admitted; its pod is being made';
    return { ...say(view, 'admitted', sentence), lookAgainAtMs: lateAtMs };
  }
  const kind = workloadKinds.find((name) => name === objects.object?.kind.toLowerCase());
  const operator = kind === undefined || kind === 'job' ? "Kubernetes' controllers" : operatorOfKind[kind];
  const late = `no pod of it was made in ${unseenMs / 1000} s, which is the work of ${operator}: it may be down, or say why in its log`;
  return say(view, 'admitted', `is admitted, but ${late}`);
}

/** It runs, or is on its way to; perhaps with trouble that has not lasted long enough yet. */
function trying(view: View, pod: Pod): Look {
  const { memory, nowMs } = view;
  const state = pod.step?.running ? 'running' : 'starting';
  const startedAtMs = pod.step?.running?.sinceMs;
  const trouble = troubleOf(pod);
  if (trouble) return troubled(view, trouble, state, startedAtMs);
  const steadyAtMs = agentSteadyAt(view, pod);
  const sentence = state === 'running' ? `runs on node ${pod.node ?? 'unknown'}` : startingSentence(pod);
  if (steadyAtMs === undefined) return say(view, state, sentence, {}, startedAtMs);
  const { troubleSinceMs = nowMs } = memory;
  const words = pod.agent ? agentEnds(pod.agent) : sentence;
  return { ...say(view, state, words, { troubleSinceMs }, startedAtMs), lookAgainAtMs: steadyAtMs };
}

function troubled(view: View, trouble: Trouble, state: 'starting' | 'running', startedAtMs?: number): Look {
  const { memory, limits, nowMs } = view;
  const sinceMs = memory.troubleSinceMs ?? nowMs;
  const failsAtMs = sinceMs + limits.imageTimeoutMs;
  if (trouble.isFinal || nowMs >= failsAtMs) return fail(view, trouble.failure);
  return {
    ...say(view, state, trouble.sentence, { troubleSinceMs: sinceMs }, startedAtMs),
    lookAgainAtMs: failsAtMs,
  };
}

/** Between two crashes the agent runs for a moment: that is no end of the trouble. Undefined: there is none, or it is over. */
function agentSteadyAt({ memory, nowMs }: View, { agent }: Pod): number | undefined {
  if (memory.troubleSinceMs === undefined || (agent?.restarts ?? 0) === 0) return undefined;
  const steadyAtMs = (agent?.running?.sinceMs ?? nowMs) + steadyMs;
  return nowMs < steadyAtMs ? steadyAtMs : undefined;
}

/** The end of the command that nobody had asked for. */
function ownEnd({ pods, objects }: View): PodEnd | undefined {
  const pod = currentPod(pods);
  return pod && endedByItself(pod) ? podEnd(pod, objects.staging) : undefined;
}

function hasEnded({ isGone, phase, step }: Pod): boolean {
  return isGone || phase === 'Failed' || phase === 'Succeeded' || step?.terminated !== undefined;
}

/** Something of it may still run. A node that does not answer is not waited for without end. */
function podsRemain({ pods, nowMs }: View): boolean {
  return pods.some((pod) => !hasEnded(pod) && (pod.goneByMs === undefined || nowMs < pod.goneByMs + overdueMs));
}

function overdueAt({ pods, nowMs }: View): number | undefined {
  const times = pods.flatMap((pod) => (hasEnded(pod) || pod.goneByMs === undefined ? [] : [pod.goneByMs + overdueMs]));
  const next = times.filter((time) => time > nowMs);
  return next.length === 0 ? undefined : Math.min(...next);
}

function over(view: View, { failure: why, report, finishedAtMs }: PodEnd): Look {
  const usage = report?.usage ?? [];
  const tail = report?.tail === undefined ? {} : { tail: report.tail };
  if (why) return { ...fail(view, why, 'failed', finishedAtMs, usage), ...tail };
  const { step, staging } = view.objects;
  const base = { step, usage, atMs: timeOf(view, finishedAtMs) };
  const { manifest } = report ?? {};
  // A step that does its own output succeeds too: the core then looks for it in storage.
  const end: Observation =
    staging === 'agent' && manifest ? { ...base, state: 'uploaded', manifest } : { ...base, state: 'succeeded' };
  return { ...look(view, [end]), ...tail };
}

function fail(
  view: View,
  why: Failure,
  state: 'failed' | 'cancelled' = 'failed',
  finishedAtMs?: number,
  usage: PodReportUsage = [],
): Look {
  const { step } = view.objects;
  return look(view, [{ step, state, failure: why, usage, atMs: timeOf(view, finishedAtMs) }]);
}

type PodReportUsage = NonNullable<PodEnd['report']>['usage'];

function say(
  view: View,
  state: 'queued' | 'admitted' | 'starting' | 'running',
  reason: string,
  memory: Memory = {},
  sinceMs?: number,
): Look {
  const { step } = view.objects;
  const atMs = timeOf(view, sinceMs);
  return look(view, [...missedRestart(view, state), { step, state, reason, atMs }], memory);
}

/** Evicted and admitted again between two looks: without a word of the queue the state machine could not go back. */
function missedRestart({ objects, memory, workload, nowMs }: View, state: string): readonly Observation[] {
  const before = memory.evictions;
  if (state === 'queued' || workload === undefined || before === undefined) return [];
  if (evictionCount(workload) <= before) return [];
  const { reason = '' } = workload.evictions.at(-1) ?? {};
  const why = `was evicted (${reason}) and has been admitted again`;
  return [{ step: objects.step, state: 'queued', reason: why, atMs: nowMs }];
}

function silence({ memory, workload }: View, lookAgainAtMs?: number): Look {
  // An eviction is not remembered before it was told.
  const evictions = memory.evictions ?? (workload && evictionCount(workload));
  return {
    observations: [],
    memory: { ...memory, ...(evictions !== undefined && { evictions }) },
    ...(lookAgainAtMs !== undefined && { lookAgainAtMs }),
  };
}

function look({ workload, memory: before }: View, observations: readonly Observation[], memory: Memory = {}): Look {
  const evictions = workload ? evictionCount(workload) : before.evictions;
  return { observations, memory: { ...memory, ...(evictions !== undefined && { evictions }) } };
}

/** Kubernetes tells whole seconds, of its nodes' clocks. What has just happened is timed better by when we hear of it. */
function timeOf({ nowMs }: View, toldMs: number | undefined): number {
  return toldMs === undefined || nowMs - toldMs < 2000 ? nowMs : toldMs;
}
