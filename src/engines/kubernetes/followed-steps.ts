import type { StepId } from '../../domain/brand.ts';
import { type FollowedStep, idOf } from './followed-step.ts';

/** The steps of an engine, found by id, by label, and by the uid of what Kueue queues of them. */
export class FollowedSteps {
  private readonly byId = new Map<StepId, FollowedStep>();
  private readonly byUid = new Map<string, FollowedStep>();
  private readonly byName = new Map<string, FollowedStep>();

  get(id: StepId | undefined): FollowedStep | undefined {
    return id === undefined ? undefined : this.byId.get(id);
  }

  /** `uid`: of the object that a Workload stands for. */
  withUid(uid: string | undefined): FollowedStep | undefined {
    return uid === undefined ? undefined : this.byUid.get(uid);
  }

  /** `name`: of its object, and of what an operator makes of that. */
  withName(name: string): FollowedStep | undefined {
    return this.byName.get(name);
  }

  add(step: FollowedStep): void {
    this.byId.set(idOf(step), step);
    this.byName.set(step.name, step);
  }

  hasUid(step: FollowedStep, uid: string): void {
    step.uid = uid;
    if (step.kind.queued === undefined) this.hasQueuedUid(step, uid);
  }

  hasQueuedUid(step: FollowedStep, uid: string): void {
    if (step.queuedUid !== undefined) this.byUid.delete(step.queuedUid);
    step.queuedUid = uid;
    this.byUid.set(uid, step);
  }

  remove(step: FollowedStep): void {
    clearTimeout(step.lookAgain);
    this.byId.delete(idOf(step));
    if (this.byName.get(step.name) === step) this.byName.delete(step.name);
    if (step.queuedUid !== undefined) this.byUid.delete(step.queuedUid);
  }

  all(): readonly FollowedStep[] {
    return [...this.byId.values()];
  }
}
