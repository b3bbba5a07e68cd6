import { KonvergeError } from '../../../domain/error.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { Logger } from '../../../ports/logger.ts';
import { CallFailure } from './call-failure.ts';
import type { Reflection, ReflectOptions } from './cluster-client.ts';
import { type Doing, errorOf } from './error-of.ts';
import type { Listed } from './list.ts';
import type { KubernetesObject } from './object.ts';
import { jittered, type Pauses, pause } from './pause.ts';
import { mayPass } from './retry.ts';
import { ToldObjects } from './told-objects.ts';
import type { WatchEvent } from './watch-event.ts';

/** Where a reflector looks: lists and watches of one type and selector, one try each. Both throw CallFailures. */
export interface WatchSource {
  readonly doing: Doing;
  readonly server: string;
  list(signal: AbortSignal): Promise<Listed>;
  /** Resolves when the server has agreed to the watch. */
  watch(resourceVersion: string, signal: AbortSignal): Promise<AsyncIterable<WatchEvent>>;
}

export interface ReflectorTiming {
  readonly relistMs: number;
  /** Until the first list must have come. */
  readonly patienceMs: number;
  readonly pauses: Pauses;
  /** A watch that lasted so long was a good one, even if nothing was to tell. */
  readonly goodWatchMs: number;
}

/** So many watches in a row that failed, with a server that answers: what we know may be wrong, so list. */
const failuresBeforeList = 3;

/**
 * Follows all objects of a type. It is in one of these states:
 *
 * LISTING. All pages are read. What differs from what was told before is told, so that a listener that looks at each object
 * anew (level, not edge) is right after each list, whatever was missed. Then FOLLOWING, from the list's version on.
 *
 * FOLLOWING. A watch tells each change; its `position` is the newest version seen, bookmarks included. It leaves this state
 * - for FOLLOWING, at the same position, when the server ends the watch as asked, the connection is cut, a line is garbage
 *   (the server tells it again), or nothing was heard for the idle deadline. A server sends a bookmark each minute, so a watch
 *   without a word for 90 s is taken for dead: such connections were seen to stay open for hours.
 * - for LISTING when the server has forgotten the position (410 Gone, as an answer or an ERROR event), tells another error in
 *   the watch, refuses the watch again and again, or `relistMs` has passed: a watch that loses events cannot be seen from here.
 *
 * PAUSING. After a failure, or a watch that ended at once: up to 0.5 s, then up to twice as long each time, 10 s at most, and no
 * shorter than the server asks for. Failures are forgotten after an event or a watch that lasted. Then back to LISTING or FOLLOWING.
 *
 * TROUBLE is beside these: told once when a list or watch cannot be begun, and taken back once when one is. A watch that is cut
 * and begun again at once is no trouble. Within an outage the reflector goes on trying without end: also for 401 and 403,
 * since tokens are renewed and rights are given back.
 *
 * ENDED. By `close`, by the signal, or because the first list fails: at once with what does not pass by itself (403, 404,
 * certificates), otherwise when the patience is used up. Then `synced` rejects. After the end nothing is told any more.
 */
export class Reflector implements Reflection {
  readonly synced: Promise<void>;
  readonly #source: WatchSource;
  readonly #options: ReflectOptions;
  readonly #timing: ReflectorTiming;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #told: ToldObjects;
  readonly #end = new AbortController();
  readonly #sync = Promise.withResolvers<void>();
  #hasSynced = false;
  #failures = 0;
  /** Undefined: a list is due. */
  #position: string | undefined;
  #relistAtMs = 0;
  #lastWordMs: number;
  #troubled = false;
  #retryAfterMs = 0;

  constructor(
    source: WatchSource,
    options: ReflectOptions,
    timing: ReflectorTiming,
    { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
  ) {
    this.#source = source;
    this.#options = options;
    this.#timing = timing;
    this.#clock = clock;
    this.#logger = logger;
    this.#lastWordMs = clock.nowMs();
    this.synced = this.#sync.promise;
    // Nobody has to wait for it.
    this.synced.catch(() => undefined);
    this.#told = new ToldObjects(
      (object) => this.#tell('changed', object),
      (object) => this.#tell('gone', object),
    );
    if (options.signal?.aborted === true) this.close();
    options.signal?.addEventListener('abort', this.#onAbort, { once: true });
    void this.#run();
  }

  objects(): IterableIterator<KubernetesObject> {
    return this.#told.values();
  }

  close(): void {
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
    this.#end.abort();
    if (!this.#hasSynced) this.#sync.reject(this.#end.signal.reason as Error);
  }

  readonly #onAbort = (): void => this.close();

  async #run(): Promise<void> {
    const begin = performance.now();
    const { signal } = this.#end;
    while (!signal.aborted) {
      let well = true;
      try {
        if (this.#position === undefined) await this.#list();
        else well = await this.#follow(this.#position);
      } catch (error) {
        if (signal.aborted) return;
        const failure = error instanceof CallFailure ? error : undefined;
        if (!this.#hasSynced) {
          const outOfPatience = performance.now() - begin >= this.#timing.patienceMs;
          if (failure === undefined || !mayPass(failure) || outOfPatience) return this.#giveUp(error);
        }
        if (failure === undefined)
          this.#logger.error({ ...this.#source.doing, error: String(error) }, 'a reflector met a defect');
        well = this.#failed(failure);
      }
      if (!well) await this.#pause();
    }
  }

  async #list(): Promise<void> {
    try {
      const { items, resourceVersion } = await this.#source.list(this.#end.signal);
      if (this.#end.signal.aborted) return;
      this.#heard();
      this.#told.takeList(items);
      this.#position = resourceVersion;
      this.#relistAtMs = performance.now() + this.#timing.relistMs * (0.9 + 0.2 * Math.random());
    } catch (error) {
      if (this.#hasSynced || (error instanceof CallFailure && mayPass(error))) this.#tellTrouble(error);
      throw error;
    }
    if (this.#hasSynced) return;
    this.#hasSynced = true;
    this.#sync.resolve();
  }

  /** Whether to go on without a pause. */
  async #follow(from: string): Promise<boolean> {
    const begin = performance.now();
    const watch = new AbortController();
    const stop = () => watch.abort();
    this.#end.signal.addEventListener('abort', stop, { once: true });
    let due = false;
    const timer = setTimeout(
      () => {
        due = true;
        stop();
      },
      Math.max(0, this.#relistAtMs - begin),
    );
    try {
      const events = await this.#begin(from, watch.signal);
      for await (const event of events) {
        if (watch.signal.aborted) break;
        this.#heard();
        this.#failures = 0;
        this.#told.takeEvent(event, this.#position ?? from);
        this.#position = event.resourceVersion;
      }
    } catch (error) {
      if (!due) throw error;
    } finally {
      clearTimeout(timer);
      this.#end.signal.removeEventListener('abort', stop);
      if (performance.now() - begin >= this.#timing.goodWatchMs) this.#failures = 0;
    }
    if (due) this.#position = undefined;
    // Ended at once, without a word: not again and again.
    const well = due || this.#position !== from || performance.now() - begin >= this.#timing.goodWatchMs;
    if (!well) this.#failures += 1;
    return well;
  }

  async #begin(from: string, signal: AbortSignal): Promise<AsyncIterable<WatchEvent>> {
    try {
      const events = await this.#source.watch(from, signal);
      this.#heard();
      return events;
    } catch (error) {
      // The server answers very well, it only has forgotten.
      const forgotten = error instanceof CallFailure && error.status === 410;
      if (!signal.aborted && !forgotten) this.#tellTrouble(error);
      throw error;
    }
  }

  /** Whether to go on without a pause. */
  #failed(failure: CallFailure | undefined): boolean {
    const { kind, status = 0 } = failure ?? {};
    this.#logger.debug({ ...this.#source.doing, kind, status, failures: this.#failures }, 'a reflector begins anew');
    // A dead connection, found out by us: the next one may come at once.
    if (kind === 'silence' && this.#failures === 0 && !this.#troubled) return true;
    this.#failures += 1;
    this.#retryAfterMs = failure?.retryAfterMs ?? 0;
    const answered = kind === 'answer' || kind === 'garbage' || kind === undefined;
    if (status === 410 || (answered && this.#failures >= failuresBeforeList)) this.#position = undefined;
    return false;
  }

  async #pause(): Promise<void> {
    const waitMs = Math.min(this.#retryAfterMs, 60_000) + jittered(this.#timing.pauses, this.#failures);
    this.#retryAfterMs = 0;
    await pause(waitMs, this.#end.signal).catch(() => undefined);
  }

  #giveUp(error: unknown): void {
    const reason = errorOf(error, this.#doing, this.#source.server);
    this.#sync.reject(reason instanceof Error ? reason : new Error(String(reason)));
    this.#hasSynced = true;
    this.close();
  }

  /** What was tried last, for messages. */
  get #doing(): Doing {
    return this.#position === undefined ? { ...this.#source.doing, verb: 'list' } : this.#source.doing;
  }

  #heard(): void {
    this.#lastWordMs = this.#clock.nowMs();
    if (!this.#troubled) return;
    this.#troubled = false;
    this.#guarded(() => this.#options.trouble?.(undefined));
  }

  #tellTrouble(error: unknown): void {
    if (this.#troubled) return;
    this.#troubled = true;
    const reason = errorOf(error, this.#doing, this.#source.server);
    const message = reason instanceof KonvergeError ? reason.message : 'internal error';
    this.#guarded(() => this.#options.trouble?.({ sinceMs: this.#lastWordMs, message }));
  }

  #tell(what: 'changed' | 'gone', object: KubernetesObject): void {
    this.#guarded(() => this.#options[what](object));
  }

  /** A listener that throws must not stop the others from hearing of the rest. */
  #guarded(work: () => void): void {
    if (this.#end.signal.aborted) return;
    try {
      work();
    } catch (error) {
      this.#logger.error({ ...this.#source.doing, error: String(error) }, 'a listener of a reflector has failed');
    }
  }
}
