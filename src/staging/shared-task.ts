/** One piece of work that several callers wait for. It is aborted when the last of them has given up. */
export class SharedTask<T> {
  private readonly result: Promise<T>;
  private readonly controller = new AbortController();
  private waiters = 0;

  constructor(work: (signal: AbortSignal) => Promise<T>) {
    this.result = work(this.controller.signal);
    // Each waiter hears of a failure; if all have gone, nobody needs to.
    this.result.catch(() => undefined);
  }

  /** Nobody waits any more, and the work ends; who comes now needs a new one. */
  get abandoned(): boolean {
    return this.controller.signal.aborted;
  }

  settled(then: () => void): void {
    void this.result.then(then, then);
  }

  async wait(signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    this.waiters += 1;
    const aborted = Promise.withResolvers<never>();
    const stop = (): void => aborted.reject(signal.reason as Error);
    signal.addEventListener('abort', stop, { once: true });
    try {
      return await Promise.race([this.result, aborted.promise]);
    } finally {
      signal.removeEventListener('abort', stop);
      this.waiters -= 1;
      if (this.waiters === 0) this.controller.abort(signal.reason);
    }
  }
}
