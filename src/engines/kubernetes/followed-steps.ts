import type { StepId } from '../../domain/brand.ts';
import { type FollowedStep, idOf } from './followed-step.ts';

/** The steps of an engine, found by id, by the uid of their object and by its name. */
export class FollowedSteps {
  private readonly byId = new Map<StepId, FollowedStep>();
  private readonly byUid = new Map<string, FollowedStep>();

  get(id: StepId | undefined): FollowedStep | undefined {
    return id === undefined ? undefined : this.byId.get(id);
  }

  withUid(uid: string | undefined): FollowedStep | undefined {
    return uid === undefined ? undefined : this.byUid.get(uid);
  }

  add(step: FollowedStep): void {
    this.byId.set(idOf(step), step);
  }

  hasUid(step: FollowedStep, uid: string): void {
    if (step.uid !== undefined) this.byUid.delete(step.uid);
    step.uid = uid;
    this.byUid.set(uid, step);
  }

  remove(step: FollowedStep): void {
    clearTimeout(step.lookAgain);
    this.byId.delete(idOf(step));
    if (step.uid !== undefined) this.byUid.delete(step.uid);
  }

  all(): readonly FollowedStep[] {
    return [...this.byId.values()];
  }
}
