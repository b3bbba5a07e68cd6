import { setTimeout as pause } from 'node:timers/promises';
import { asKonvergeError, type KonvergeError } from '../../domain/error.ts';
import type { Logger } from '../../ports/logger.ts';
import { type FollowedStep, idOf } from './followed-step.ts';
import { waitOut } from './outage.ts';

const atOnce = 4;
/** What was observed is on disk by then: a core that dies before it must find the object, to observe the end again. */
const delayMs = 1000;
const patienceMs = 60_000;

/**
 * Removes the objects of steps that are over; Secret and pods go with them. A server that is away is waited for; what is not
 * removed when the core ends, a later one removes, or Kubernetes does (the object's time to live).
 */
export class Remover {
  private readonly logger: Logger;
  private readonly removed: (step: FollowedStep) => void;
  private readonly queue: { readonly step: FollowedStep; readonly fromMs: number }[] = [];
  private readonly stop = new AbortController();
  private readonly active = new Set<Promise<unknown>>();
  private timer: NodeJS.Timeout | undefined;

  constructor(logger: Logger, removed: (step: FollowedStep) => void) {
    this.logger = logger;
    this.removed = removed;
  }

  /** Its end has been observed. */
  add(step: FollowedStep): void {
    this.queue.push({ step, fromMs: performance.now() + delayMs });
    this.advance();
  }

  /**
   * Of a step that runs, at once. The object goes after its pods, so that also a pod that was just being made is gone with it.
   * Answers with why it cannot be removed, if so.
   */
  now(step: FollowedStep): Promise<KonvergeError | undefined> {
    return this.remove(step, 'Foreground');
  }

  /** What waits is removed now, as far as the server answers soon. */
  async close(): Promise<void> {
    clearTimeout(this.timer);
    const waiting = this.queue.splice(0);
    await Promise.race([
      Promise.allSettled([...this.active, ...waiting.map(({ step }) => this.remove(step))]),
      pause(5000, undefined, { ref: false }),
    ]);
    this.stop.abort();
  }

  private advance(): void {
    clearTimeout(this.timer);
    while (this.active.size < atOnce) {
      const [first] = this.queue;
      if (first === undefined) return;
      const restMs = first.fromMs - performance.now();
      if (restMs > 0) {
        this.timer = setTimeout(() => this.advance(), restMs);
        return;
      }
      this.queue.shift();
      const work: Promise<unknown> = this.remove(first.step).finally(() => {
        this.active.delete(work);
        this.advance();
      });
      this.active.add(work);
    }
  }

  private async remove(
    step: FollowedStep,
    propagation: 'Background' | 'Foreground' = 'Background',
  ): Promise<KonvergeError | undefined> {
    const { client, kind, name, uid } = step;
    while (!this.stop.signal.aborted) {
      try {
        await client.remove(kind.resource, name, {
          ...(uid !== undefined && { uid }),
          propagation,
          signal: this.stop.signal,
          patienceMs,
        });
        this.removed(step);
        return undefined;
      } catch (thrown) {
        const error = asKonvergeError(thrown);
        if (await waitOut(error, this.stop.signal)) continue;
        if (this.stop.signal.aborted) return undefined;
        this.logger.warn(
          { step: idOf(step), object: name, error: error.message },
          'an object that is over cannot be removed',
        );
        this.removed(step);
        return error;
      }
    }
    return undefined;
  }
}
