import type { Observation } from '../../domain/observation.ts';
import type { EngineHost } from '../../ports/engine.ts';

/** Gathers what is observed in one turn of the event loop: the core writes it in one transaction. */
export class Outbox {
  private readonly host: EngineHost;
  private waiting: Observation[] = [];
  private flushing: NodeJS.Immediate | undefined;
  private closed = false;

  constructor(host: EngineHost) {
    this.host = host;
  }

  add(observation: Observation): void {
    if (this.closed) return;
    this.waiting.push(observation);
    this.flushing ??= setImmediate(() => this.flush());
  }

  /** What has been observed is told; nothing more is. */
  close(): void {
    this.flush();
    this.closed = true;
  }

  private flush(): void {
    clearImmediate(this.flushing);
    this.flushing = undefined;
    const { waiting } = this;
    this.waiting = [];
    if (waiting.length > 0) this.host.observe(waiting);
  }
}
