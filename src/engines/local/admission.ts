import type { StepId } from '../../domain/brand.ts';
import { add, fits, type Queue, type Quota, subtract } from '../../domain/queue.ts';
import { type Blockage, describeBlockage } from './blockage.ts';
import { compareWaiting, shapeOf, type Waiting, WaitingLine } from './waiting-line.ts';

/** How many shapes of waiting steps are looked at per start, so that a start never costs more than this. */
const lookAhead = 256;

/**
 * Who may start, by honest quotas. No I/O, no clock: the engine adds, takes and releases.
 *
 * Order
 *   Higher queue priority first, then higher step priority, then who came first (`sequence`).
 *
 * Overtaking
 *   A later step that fits may go past one that does not, so that a machine does not stand idle for one large step. After
 *   `overtakes` of them, what the blocked step needs is kept for it as it comes free: later steps may then use only what it
 *   does not need. So nobody starves among equals; a steady stream of higher priority is allowed to go first for ever.
 *
 * Quota
 *   Each queue has its own; all together have the machine's, or the largest queue's where a person states more than the
 *   machine has. Custom resources belong to their queue alone.
 */
export class Admission {
  private readonly overtakes: number;
  private readonly queues: ReadonlyMap<string, Queue>;
  private readonly machine: Quota;
  private readonly used = new Map<string, Quota>();
  private machineUsed: Quota = nothing;
  private readonly usedPorts = new Map<number, number>();
  private readonly running = new Map<StepId, Waiting>();
  private readonly waiting = new Map<StepId, Waiting>();
  private readonly lineOfShape = new Map<string, WaitingLine>();
  /** Lines with somebody in them, the one whose head goes first in front. */
  private lines: WaitingLine[] = [];

  constructor(queues: readonly Queue[], machine: Quota, overtakes: number) {
    this.queues = new Map(queues.map((queue) => [queue.name, queue]));
    this.machine = sharedQuota(queues, machine);
    this.overtakes = overtakes;
    for (const { name } of queues) this.used.set(name, nothing);
  }

  add(entry: Waiting): void {
    if (this.waiting.has(entry.id) || this.running.has(entry.id)) return;
    this.waiting.set(entry.id, entry);
    const shape = shapeOf(entry);
    let line = this.lineOfShape.get(shape);
    if (line === undefined) {
      line = new WaitingLine(entry);
      this.lineOfShape.set(shape, line);
    }
    const { head } = line;
    line.add(entry);
    if (line.head !== head) this.place(line);
  }

  /** Takes a waiting step out; false if it does not wait. */
  remove(id: StepId): boolean {
    const entry = this.waiting.get(id);
    if (entry === undefined) return false;
    const line = this.lineOfShape.get(shapeOf(entry));
    this.waiting.delete(id);
    if (line) this.changed(line, () => line.remove(entry));
    return true;
  }

  /** The next step that may start; its quota is then used until `release`. */
  take(): Waiting | undefined {
    const blocked: { readonly line: WaitingLine; readonly by: Blockage['by'] }[] = [];
    const kept = new Map<string, Quota>();
    let keptOfMachine = nothing;
    for (const line of this.lines) {
      const entry = line.head;
      if (entry === undefined) continue;
      const blockage = this.blockageOf(entry, kept.get(entry.queue) ?? nothing, keptOfMachine);
      if (blockage === undefined) {
        // A step of another queue takes nothing from one that waits for its own queue.
        for (const { line: passed, by } of blocked)
          if (passed.queue === entry.queue || by !== 'queue') passed.overtaken++;
        this.waiting.delete(entry.id);
        this.changed(line, () => line.takeHead());
        this.occupy(entry);
        return entry;
      }
      if (blocked.push({ line, by: blockage.by }) >= lookAhead) return undefined;
      if (line.overtaken < this.overtakes) continue;
      // What its own queue is short of is no reason to keep other queues from the machine.
      kept.set(entry.queue, add(kept.get(entry.queue) ?? nothing, entry.demand));
      if (blockage.by === 'machine') keptOfMachine = add(keptOfMachine, entry.demand);
    }
    return undefined;
  }

  /** Books what a step uses: one that was taken, or one that a former core had started, which may exceed the quota. */
  occupy(entry: Waiting): void {
    if (this.running.has(entry.id)) return;
    this.running.set(entry.id, entry);
    this.used.set(entry.queue, add(this.used.get(entry.queue) ?? nothing, entry.demand));
    this.machineUsed = add(this.machineUsed, entry.demand);
    for (const port of entry.ports) this.usedPorts.set(port, (this.usedPorts.get(port) ?? 0) + 1);
  }

  release(id: StepId): void {
    const entry = this.running.get(id);
    if (entry === undefined) return;
    this.running.delete(id);
    this.used.set(entry.queue, subtract(this.used.get(entry.queue) ?? nothing, entry.demand));
    this.machineUsed = subtract(this.machineUsed, entry.demand);
    for (const port of entry.ports) {
      const left = (this.usedPorts.get(port) ?? 1) - 1;
      if (left > 0) this.usedPorts.set(port, left);
      else this.usedPorts.delete(port);
    }
  }

  /** One sentence with the position in its queue; undefined if the step does not wait. */
  why(id: StepId): string | undefined {
    const entry = this.waiting.get(id);
    if (entry === undefined) return undefined;
    let ahead = 0;
    for (const line of this.lines) {
      if (line.queue !== entry.queue || line.priority < entry.priority) continue;
      ahead += line.priority > entry.priority ? line.length : line.countBefore(entry.sequence);
    }
    return `${describeBlockage(entry, this.blockageOf(entry, nothing, nothing))}; position ${ahead + 1}`;
  }

  private blockageOf(entry: Waiting, kept: Quota, keptOfMachine: Quota): Blockage | undefined {
    const { demand, queue } = entry;
    const quota = this.queues.get(queue)?.quota ?? nothing;
    const used = this.used.get(queue) ?? nothing;
    if (!fits(demand, afterKeeping(subtract(quota, used), kept))) return { by: 'queue', quota, used };
    const free = { ...afterKeeping(subtract(this.machine, this.machineUsed), keptOfMachine), custom: demand.custom };
    if (!fits(demand, free)) return { by: 'machine', quota: this.machine, used: this.machineUsed };
    const port = entry.ports.find((candidate) => this.usedPorts.has(candidate));
    return port === undefined ? undefined : { by: 'port', port };
  }

  private changed(line: WaitingLine, change: () => void): void {
    const { head } = line;
    change();
    if (line.head === head) return;
    if (line.head === undefined && head) this.lineOfShape.delete(shapeOf(head));
    this.place(line);
  }

  /** Puts a line where its head belongs, or away when it is empty. */
  private place(line: WaitingLine): void {
    const old = this.lines.indexOf(line);
    if (old >= 0) this.lines.splice(old, 1);
    const { head } = line;
    if (head === undefined) return;
    let low = 0;
    let high = this.lines.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = this.lines[middle]?.head;
      if (other && compareWaiting(other, head) < 0) low = middle + 1;
      else high = middle;
    }
    this.lines.splice(low, 0, line);
  }
}

const nothing: Quota = { cpuMillis: 0, memoryBytes: 0, gpu: 0, custom: {} };

/** What all queues may use together (see `Admission`). */
export function sharedQuota(queues: readonly Queue[], machine: Quota): Quota {
  const largest = (amount: (quota: Quota) => number): number =>
    Math.max(amount(machine), ...queues.map(({ quota }) => amount(quota)));
  return {
    cpuMillis: largest(({ cpuMillis }) => cpuMillis),
    memoryBytes: largest(({ memoryBytes }) => memoryBytes),
    gpu: largest(({ gpu }) => gpu),
    custom: {},
  };
}

/** What is free for later steps when `kept` is kept for earlier ones; never less than nothing, so that a demand of 0 fits. */
function afterKeeping(free: Quota, kept: Quota): Quota {
  const left = subtract(free, kept);
  return {
    cpuMillis: Math.max(0, left.cpuMillis),
    memoryBytes: Math.max(0, left.memoryBytes),
    gpu: Math.max(0, left.gpu),
    custom: Object.fromEntries(Object.entries(left.custom).map(([name, amount]) => [name, Math.max(0, amount)])),
  };
}
