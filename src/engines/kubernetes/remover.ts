import { setTimeout as pause } from 'node:timers/promises';
import { asKonvergeError } from '../../domain/error.ts';
import type { Logger } from '../../ports/logger.ts';
import type { ClusterClient } from './client/cluster-client.ts';
import { type FollowedStep, idOf } from './followed-step.ts';

const atOnce = 4;
/** What was observed is on disk by then: a core that dies before it must find the object, to observe the end again. */
const delayMs = 1000;
const patienceMs = 60_000;

/**
 * Removes the objects of steps that are over; Secret and pods go with them. A server that is away is waited for; what is not
 * removed when the core ends, a later one removes, or Kubernetes does (the object's time to live).
 */
export class Remover {
  private readonly client: Pick<ClusterClient, 'remove'>;
  private readonly logger: Logger;
  private readonly removed: (step: FollowedStep) => void;
  private readonly queue: { readonly step: FollowedStep; readonly fromMs: number }[] = [];
  private readonly stop = new AbortController();
  private readonly active = new Set<Promise<void>>();
  private timer: NodeJS.Timeout | undefined;

  constructor(client: Pick<ClusterClient, 'remove'>, logger: Logger, removed: (step: FollowedStep) => void) {
    this.client = client;
    this.logger = logger;
    this.removed = removed;
  }

  /** Its end has been observed. */
  add(step: FollowedStep): void {
    this.queue.push({ step, fromMs: performance.now() + delayMs });
    this.advance();
  }

  /** At once: nobody waits for the end of a step to be noted. */
  async now(step: FollowedStep): Promise<void> {
    await this.remove(step);
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
      const work = this.remove(first.step).finally(() => {
        this.active.delete(work);
        this.advance();
      });
      this.active.add(work);
    }
  }

  private async remove(step: FollowedStep): Promise<void> {
    const { kind, name, uid } = step;
    while (!this.stop.signal.aborted) {
      try {
        await this.client.remove(kind.resource, name, {
          ...(uid !== undefined && { uid }),
          signal: this.stop.signal,
          patienceMs,
        });
        this.removed(step);
        return;
      } catch (thrown) {
        const { code, message } = asKonvergeError(thrown);
        if (this.stop.signal.aborted) return;
        if (code === 'cluster-unreachable' || code === 'cluster-unavailable') continue;
        this.logger.warn(
          { step: idOf(step), object: name, error: message },
          'an object that is over cannot be removed',
        );
        this.removed(step);
        return;
      }
    }
  }
}
