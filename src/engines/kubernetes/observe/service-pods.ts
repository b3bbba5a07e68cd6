import { type Failure, failure } from '../../../domain/failure.ts';
import { chosenPortSentence } from '../../../domain/service.ts';
import type { KubernetesObject } from '../client/object.ts';
import { find, holds, isRecord } from '../kueue/condition.ts';
import { annotationKeys, labelKeys } from '../labels.ts';
import { type Trouble, troubleOf } from './container-trouble.ts';
import { ownContainers, type Pod, readPod, type Termination } from './pod.ts';
import { endedByItself, podDisruption, startFailure } from './pod-end.ts';
import type { OtherPod } from './step-objects.ts';

/**
 * A service may end just before its application does, for example told to by it, and the application's pod still uploads then;
 * one that failed takes the application with it, which is waited for.
 */
const toleranceMs = 10_000;
/** A pod that is not gone so long after its grace period is on a node that does not answer. */
const overdueMs = 30_000;
/** That an application failed is heard of before that its service did, if that is what it failed of. */
const settlingMs = 2000;
/** Times are whole seconds, and the first probe comes late. */
const probeSlackMs = 3000;

const container = 'service';

/** A pod of a service; `step` is the service's own container. */
export interface ServicePod extends Pod {
  /** As a person knows it: `db`, `db (replica 1)`. */
  readonly service: string;
  /** The same without the replica: how its pods are labelled. */
  readonly label: string;
  /** For how long it may take to answer, and how it would; absent: it is not asked. */
  readonly start?: ServiceStart;
}

interface ServiceStart {
  readonly timeoutMs: number;
  readonly by: 'port' | 'file';
  /** Nobody stated it. */
  readonly chosenPort?: string;
}

export function servicePods(others: readonly OtherPod[]): readonly ServicePod[] {
  return others
    .filter(({ role }) => role === 'service')
    .map(({ object, gone }): ServicePod => {
      const start = startOf(object);
      return {
        ...readPod(object, gone, { ...ownContainers, step: container }),
        ...namesOf(object),
        ...(start && { start }),
      };
    })
    .sort((a, b) => a.createdAtMs - b.createdAtMs);
}

/** `open`: it may yet become another end; look again at that time (ms since the epoch). */
export type ServiceEnd =
  | { readonly kind: 'failed'; readonly failure: Failure; readonly finishedAtMs?: number }
  | { readonly kind: 'open'; readonly untilMs: number };

/** How the application's pod stands. */
export interface Application {
  readonly pod: Pod | undefined;
  /** By itself, not because its object was ended. */
  readonly failure: Failure | undefined;
}

/** What the end of a service means for its step, which has not succeeded. Undefined: nothing. */
export function serviceEnd(
  services: readonly ServicePod[],
  application: Application,
  nowMs: number,
): ServiceEnd | undefined {
  const [first] = services
    .filter((pod) => endedByItself(pod) || podDisruption(pod) !== undefined)
    .sort((a, b) => endMs(a) - endMs(b));
  const { pod } = application;
  if (pod && endedByItself(pod)) {
    // That files could not be moved, or memory ran out, is no matter of services.
    if (application.failure?.class !== 'user') return undefined;
    const ownEndMs = endMs(pod);
    if (first && endMs(first) <= ownEndMs) return failed(first, services, application);
    const settledAtMs = ownEndMs + settlingMs;
    const isRecent = ownEndMs <= nowMs && nowMs < settledAtMs;
    return isRecent && services.some(({ step }) => step?.running) ? { kind: 'open', untilMs: settledAtMs } : undefined;
  }
  if (first === undefined) return undefined;
  if (pod !== undefined && !hasEnded(pod)) {
    const untilMs = pod.goneByMs === undefined ? (endMs(first) || nowMs) + toleranceMs : pod.goneByMs + overdueMs;
    if (nowMs < untilMs) return { kind: 'open', untilMs };
  }
  return failed(first, services, application);
}

/**
 * A pod of a service was deleted, and nothing else of its step: the JobSet goes on where the service ended well when it was told to.
 * `sinceMs`: of the admission; older pods are of an earlier one.
 */
export function takenService(
  services: readonly ServicePod[],
  application: Pod | undefined,
  sinceMs: number,
  nowMs: number,
): ServiceEnd | undefined {
  if (application && (hasEnded(application) || application.goneByMs !== undefined)) return undefined;
  const taken = services.find((one) => one.createdAtMs >= sinceMs && one.goneByMs !== undefined && hasEnded(one));
  if (taken === undefined) return undefined;
  // Kueue or JobSet may have done it, and will say so.
  const untilMs = (endMs(taken) || taken.goneByMs || nowMs) + toleranceMs;
  return nowMs < untilMs ? { kind: 'open', untilMs } : { kind: 'failed', failure: deleted(taken.label) };
}

/** What the services are at while there is no application yet. Undefined: there are none. */
export function serviceStart(
  services: readonly ServicePod[],
): { readonly sentence: string; readonly trouble?: Trouble } | undefined {
  const there = services.filter((one) => one.goneByMs === undefined && !one.isGone);
  if (there.length === 0) return undefined;
  const pod = there.find(({ conditions }) => !holds(conditions, 'Ready'));
  if (pod === undefined)
    return { sentence: `service ${there.at(-1)?.label} is ready; what waits for it is being made` };
  const trouble = troubleOf(pod);
  if (trouble) {
    const sentence = `service ${pod.service}: ${trouble.sentence}`;
    return { sentence, trouble: { ...trouble, sentence, failure: { ...trouble.failure, message: sentence } } };
  }
  return { sentence: startSentence(pod) };
}

/** Of an object that failed of a service whose end was not seen. */
export function unseenEnd(service: string, services: readonly ServicePod[], words: string): Failure {
  const isDeleted = services.some(({ label, goneByMs }) => label === service && goneByMs !== undefined);
  return isDeleted
    ? deleted(service)
    : serviceFailure(`its service ${service} failed, and how is not known (${words})`);
}

function deleted(service: string): Failure {
  return failure('lost', `a pod of its service ${service} was deleted by somebody`);
}

function startSentence({ service, conditions, node, step }: ServicePod): string {
  const scheduled = find(conditions, 'PodScheduled');
  if (scheduled?.status === 'False') {
    if (scheduled.reason === 'SchedulingGated')
      return `the pod of service ${service} is held back by a scheduling gate`;
    return `no node takes the pod of service ${service}: ${scheduled.message || scheduled.reason}`;
  }
  if (node === undefined) return `the pod of service ${service} waits for a node`;
  return step?.running
    ? `waits for service ${service} to be ready`
    : `service ${service} is being started on node ${node}`;
}

function failed(pod: ServicePod, services: readonly ServicePod[], application: Application): ServiceEnd {
  const finishedAtMs = pod.step?.terminated?.finishedAtMs;
  const terminated = pod.step?.terminated;
  // Of the node rather than of the service, so that it is worth another try.
  const outside = podDisruption(pod) ?? (terminated && startFailure(pod, terminated));
  const why =
    outside?.class === 'lost'
      ? failure('lost', `service ${pod.service}: ${outside.message}`)
      : serviceFailure(outside ? `service ${pod.service}: ${outside.message}` : sentenceOf(pod, services, application));
  return { kind: 'failed', failure: why, ...(finishedAtMs !== undefined && { finishedAtMs }) };
}

function sentenceOf(
  pod: ServicePod,
  services: readonly ServicePod[],
  { pod: main, failure: own }: Application,
): string {
  const { service, start, step, memoryLimit } = pod;
  const terminated = step?.terminated;
  if (terminated === undefined) return `service ${service} ended before the application`;
  const words = lastWords(terminated);
  if (terminated.reason === 'OOMKilled') {
    const limit = memoryLimit === undefined ? 'the memory that its node has' : `its memory limit of ${memoryLimit}`;
    return `service ${service} used more than ${limit}, and the kernel killed it${words}`;
  }
  // What comes after it in the line is made when it is ready; or when it is gone, which JobSet takes for ready.
  const later = [...services.filter((one) => one.label !== pod.label), ...(main ? [main] : [])];
  const wasReady = later.some(
    ({ createdAtMs }) => createdAtMs > pod.createdAtMs && createdAtMs < (terminated.finishedAtMs ?? 0),
  );
  const ranMs = (terminated.finishedAtMs ?? 0) - (terminated.startedAtMs ?? 0);
  if (!wasReady && start && ranMs >= start.timeoutMs - probeSlackMs) {
    const what = start.by === 'port' ? deafSentence(pod.label, start.chosenPort) : 'its file is not there';
    return `service ${service} was not ready within ${start.timeoutMs / 1000} s: ${what}${words}`;
  }
  const { exitCode } = terminated;
  const then = own?.exitCode === undefined ? '' : `, which then ended with exit code ${own.exitCode}`;
  return `service ${service} ended with exit code ${exitCode} before the application${then}${words}`;
}

function deafSentence(service: string, chosenPort: string | undefined): string {
  return chosenPort === undefined ? 'its port accepts no connection' : chosenPortSentence(service, chosenPort);
}

function serviceFailure(message: string): Failure {
  return {
    ...failure('service', message),
    hint: 'See `services` in konverge.yaml: its command, port, ready, start_timeout and memory.',
  };
}

/** The last lines of its log, on one line, as its pod's status has them. */
function lastWords({ message }: Termination): string {
  const lines = message.trim().split('\n').slice(-3).join(' | ').slice(-400);
  return lines === '' ? '' : `; its last words: ${lines}`;
}

function endMs(pod: Pod | undefined): number {
  return pod?.step?.terminated?.finishedAtMs ?? 0;
}

function hasEnded({ isGone, phase, step }: Pod): boolean {
  return isGone || phase === 'Failed' || phase === 'Succeeded' || step?.terminated !== undefined;
}

function namesOf({ metadata }: KubernetesObject): Pick<ServicePod, 'service' | 'label'> {
  const label = metadata.labels?.[labelKeys.service] ?? 'unknown';
  const index = metadata.labels?.['batch.kubernetes.io/job-completion-index'] ?? '0';
  return { label, service: index === '0' ? label : `${label} (replica ${index})` };
}

function startOf({ metadata, spec }: KubernetesObject): ServicePod['start'] | undefined {
  const containers = Array.isArray(spec?.['containers']) ? spec['containers'].filter(isRecord) : [];
  const probe = containers.find(({ name }) => name === container)?.['startupProbe'];
  if (!isRecord(probe)) return undefined;
  const { failureThreshold, periodSeconds, tcpSocket } = probe;
  if (typeof failureThreshold !== 'number' || typeof periodSeconds !== 'number') return undefined;
  const chosenPort = metadata.annotations?.[annotationKeys.chosenPort];
  return {
    timeoutMs: failureThreshold * periodSeconds * 1000,
    by: tcpSocket === undefined ? 'file' : 'port',
    ...(chosenPort !== undefined && { chosenPort }),
  };
}
