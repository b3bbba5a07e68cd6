import { operatorOfKind } from '../../domain/kind.ts';
import type { Observation } from '../../domain/observation.ts';
import { isEnd } from '../../domain/state.ts';
import type { Clock } from '../../ports/clock.ts';
import type { KubernetesObject } from './client/object.ts';
import { type FollowedStep, idOf } from './followed-step.ts';
import type { WorkloadStatus } from './kinds/kind.ts';
import { observationOf } from './observe/observation-of.ts';
import type { Limits, Look, StepObjects } from './observe/step-objects.ts';

export interface FollowerHost {
  readonly clock: Clock;
  readonly limits: Limits;
  observe(observations: readonly Observation[]): void;
  /** The last word on a step: it is told once it may be, and what is left of the step is removed. */
  ended(step: FollowedStep, last: Observation, tail: string | undefined): void;
  /** Its object has ended, and no pod of it was ever seen: those that there are shall be listed. */
  wantsPods(step: FollowedStep): void;
}

/**
 * Looks at steps whose objects have changed and tells what is to be said of them. Changes of one turn of the event loop are
 * looked at together: the core writes what they say in one transaction.
 */
export class Follower {
  private readonly host: FollowerHost;
  private readonly changed = new Set<FollowedStep>();
  private round: NodeJS.Immediate | undefined;
  private closed = false;

  constructor(host: FollowerHost) {
    this.host = host;
  }

  hasChanged(step: FollowedStep): void {
    if (this.closed) return;
    this.changed.add(step);
    this.round ??= setImmediate(() => this.lookAtChanged());
  }

  close(): void {
    clearImmediate(this.round);
    this.closed = true;
    this.changed.clear();
  }

  private lookAtChanged(): void {
    this.round = undefined;
    const steps = [...this.changed];
    this.changed.clear();
    const told: Observation[] = [];
    for (const step of steps) {
      if (step.phase === 'waiting' || step.phase === 'over') continue;
      told.push(...this.lookAt(step));
    }
    if (told.length > 0) this.host.observe(told);
  }

  /** What may be told at once; an end may not. */
  private lookAt(step: FollowedStep): readonly Observation[] {
    const nowMs = this.host.clock.nowMs();
    const look = observationOf(objectsOf(step), step.memory, this.host.limits, nowMs);
    step.memory = look.memory;
    this.remind(step, look, nowMs);
    const last = look.observations.at(-1);
    if (look.wantsPods) this.host.wantsPods(step);
    if (last === undefined) return [];
    if (last.state === 'queued') step.waits = last.reason;
    else step.waits = undefined;
    if (last.state !== 'uploaded' && !isEnd(last.state)) return look.observations.filter(isNews(step));
    step.phase = 'over';
    clearTimeout(step.lookAgain);
    this.host.ended(step, lostIsPassing(last), look.tail);
    return look.observations.slice(0, -1);
  }

  private remind(step: FollowedStep, { lookAgainAtMs }: Look, nowMs: number): void {
    clearTimeout(step.lookAgain);
    if (lookAgainAtMs === undefined) return;
    step.lookAgain = setTimeout(() => this.hasChanged(step), Math.max(0, lookAgainAtMs - nowMs) + 10);
    step.lookAgain.unref();
  }
}

/** The same state with the same reason is no news; most changes of objects are of no interest to anybody. */
function isNews(step: FollowedStep): (observation: Observation) => boolean {
  return (observation) => {
    const { told } = step;
    step.told = observation;
    return told?.state !== observation.state || reasonOf(told) !== reasonOf(observation);
  };
}

function reasonOf(observation: Observation): string {
  return 'reason' in observation ? observation.reason : '';
}

function objectsOf(step: FollowedStep): StepObjects {
  const { object, queued, workload, kind, order } = step;
  const staging = order.spec.staging?.by;
  const pods = [...step.pods.values()].map((pod) => ({ ...pod, role: kind.roleOf(pod.object) }));
  return {
    step: idOf(step),
    ...(staging && { staging }),
    ...(object && { object, status: statusOf(step, object) }),
    ...(kind.queued && !queued && { awaitedOperator: operatorOfKind[kind.name] }),
    ...(kind.containers && { containers: kind.containers(step.name) }),
    isCancelled: step.phase === 'cancelled',
    ...(workload && { workload }),
    pods: pods.filter(({ role }) => role === 'main'),
    others: pods.flatMap(({ role, ...pod }) => (role === 'main' ? [] : [{ ...pod, role }])),
    podsAreFinal: step.podsAreFinal,
  };
}

/** What an operator has not made yet cannot have begun. */
function statusOf({ kind, queued }: FollowedStep, object: KubernetesObject): WorkloadStatus {
  if (kind.queued === undefined) return kind.status(object);
  return queued === undefined ? { suspended: true } : kind.status(queued);
}

/** The core runs again what was lost through no fault of its own; by the code it knows. */
function lostIsPassing(observation: Observation): Observation {
  if (observation.state !== 'failed' || observation.failure.class !== 'lost') return observation;
  return { ...observation, failure: { ...observation.failure, code: 'workload-lost' } };
}
