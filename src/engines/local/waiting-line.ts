import type { StepId } from '../../domain/brand.ts';
import type { Quota } from '../../domain/queue.ts';

/** A step that waits for its queue. */
export interface Waiting {
  readonly id: StepId;
  readonly queue: string;
  readonly queuePriority: number;
  readonly priority: number;
  readonly sequence: number;
  readonly demand: Quota;
  /** Fixed ports of its services: two steps cannot have the same one on one host. */
  readonly ports: readonly number[];
}

/**
 * Waiting steps that are alike: same queue, same priority, same demand. If the first of them does not fit, none does, so
 * that 10,000 waiting steps of three shapes cost three looks per completion.
 */
export class WaitingLine {
  readonly queue: string;
  readonly queuePriority: number;
  readonly priority: number;
  /** How many later steps have gone past the first of this line while it did not fit. */
  overtaken = 0;
  // Sorted by sequence from `first` on; what is before `first` has left. Array.shift would move the whole array.
  private waiting: Waiting[] = [];
  private first = 0;

  constructor(entry: Waiting) {
    this.queue = entry.queue;
    this.queuePriority = entry.queuePriority;
    this.priority = entry.priority;
  }

  get head(): Waiting | undefined {
    return this.waiting[this.first];
  }

  get length(): number {
    return this.waiting.length - this.first;
  }

  add(entry: Waiting): void {
    // Steps come in order; only a recovered one may belong further up.
    const last = this.waiting.at(-1);
    if (last === undefined || last.sequence < entry.sequence || this.length === 0) this.waiting.push(entry);
    else this.waiting.splice(this.indexOf(entry.sequence), 0, entry);
  }

  takeHead(): void {
    this.first++;
    this.overtaken = 0;
    if (this.first >= 1024 && this.first * 2 > this.waiting.length) {
      this.waiting = this.waiting.slice(this.first);
      this.first = 0;
    }
  }

  remove(entry: Waiting): void {
    if (this.head === entry) return this.takeHead();
    const index = this.waiting.indexOf(entry, this.indexOf(entry.sequence));
    if (index >= 0) this.waiting.splice(index, 1);
  }

  /** How many of this line come before the given sequence. */
  countBefore(sequence: number): number {
    return this.indexOf(sequence) - this.first;
  }

  /** The first index whose sequence is not smaller. */
  private indexOf(sequence: number): number {
    let low = this.first;
    let high = this.waiting.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.waiting[middle]?.sequence ?? 0) < sequence) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Which of two waiting steps goes first: the queue's priority, then the step's, then who came first. */
export function compareWaiting(
  a: Pick<Waiting, 'queuePriority' | 'priority' | 'sequence'>,
  b: Pick<Waiting, 'queuePriority' | 'priority' | 'sequence'>,
): number {
  return b.queuePriority - a.queuePriority || b.priority - a.priority || a.sequence - b.sequence;
}

/** Steps with the same shape wait in the same line. */
export function shapeOf({ queue, priority, demand, ports }: Waiting): string {
  const custom = Object.entries(demand.custom).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([queue, priority, demand.cpuMillis, demand.memoryBytes, demand.gpu, custom, ports]);
}
