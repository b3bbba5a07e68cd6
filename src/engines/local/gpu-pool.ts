import type { StepId } from '../../domain/brand.ts';

/** Which step has which gpus, by index, so that two steps never share one. */
export class GpuPool {
  private readonly free: Set<number>;
  private readonly taken = new Map<StepId, readonly number[]>();

  constructor(count: number) {
    this.free = new Set(Array.from({ length: count }, (_none, index) => index));
  }

  /** The lowest free ones; admission has seen to it that there are enough. */
  take(step: StepId, count: number): readonly number[] {
    return this.book(step, [...this.free].sort((a, b) => a - b).slice(0, count));
  }

  /** Those that a step of a former core has. */
  book(step: StepId, indices: readonly number[]): readonly number[] {
    for (const index of indices) this.free.delete(index);
    this.taken.set(step, indices);
    return indices;
  }

  release(step: StepId): void {
    for (const index of this.taken.get(step) ?? []) this.free.add(index);
    this.taken.delete(step);
  }
}
