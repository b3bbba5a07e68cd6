import { KonvergeError } from '../../../domain/error.ts';
import { type Api, defaultPatienceMs, openStream } from './api.ts';
import { CallFailure } from './call-failure.ts';
import type { LogReading } from './cluster-client.ts';
import { hasEnded } from './container-end.ts';
import { errorOf } from './error-of.ts';
import { readChunks } from './http.ts';
import { LogPosition } from './log-position.ts';
import { resources } from './object.ts';
import { getObject } from './objects.ts';
import { jittered, pause } from './pause.ts';
import { doing, pathOf, withQuery } from './resource-path.ts';
import { mayPass } from './retry.ts';

export interface LogTiming {
  /** Silence after which a connection is made anew, in case it is dead. A quiet container is no failure. */
  readonly silenceMs: number;
  /** Between two looks at a container that has not started. */
  readonly waitMs: number;
}

const defaultTiming: LogTiming = { silenceMs: 300_000, waitMs: 5000 };

/** For so long a follower bears with a server that does not answer. */
const followPatienceMs = 600_000;

/**
 * The bytes of a container's log. Following goes on through broken connections and restarts of the API server and of the
 * container, and ends when the container has ended for good, its pod is gone, or the signal is aborted. What has no log yet is
 * waited for when following, and empty otherwise. Throws `not-found` for a pod that does not come, and what calls throw.
 */
export async function* readLog(
  api: Api,
  pod: string,
  options: LogReading,
  timing = defaultTiming,
): AsyncGenerator<Uint8Array> {
  const { follow = false, limitBytes = Number.POSITIVE_INFINITY } = options;
  const signal = options.signal ?? new AbortController().signal;
  const position = new LogPosition(options.tailLines !== undefined);
  const life = new Life(api, pod, { ...options, signal });
  let left = limitBytes;
  let quietRounds = 0;
  let last = !follow;
  for (;;) {
    let heard = false;
    try {
      for await (const bytes of newBytes(api, pod, { ...options, signal }, position, timing)) {
        heard = true;
        life.heard();
        yield bytes.length <= left ? bytes : bytes.subarray(0, left);
        left -= bytes.length;
        if (left <= 0) return;
      }
      if (last) return;
      const state = await life.look();
      if (state === 'gone') return;
      // Once more: what it wrote between the end of this reading and its own end.
      last = state === 'ended';
      if (last) continue;
    } catch (error) {
      if (signal.aborted) return;
      const outcome = await life.judge(error, last).catch((final: unknown) => {
        if (signal.aborted) return 'end';
        throw final;
      });
      if (outcome === 'end') return;
      if (outcome === 'at once') continue;
    }
    quietRounds = heard ? 0 : quietRounds + 1;
    const pauses = { firstMs: 2 * api.pauses.firstMs, longestMs: timing.waitMs };
    await pause(jittered(pauses, quietRounds + 1), signal).catch(() => undefined);
    if (signal.aborted) return;
  }
}

/** One connection. */
async function* newBytes(
  api: Api,
  pod: string,
  { namespace = api.namespace, container, follow, previous, tailLines, signal }: LogReading,
  position: LogPosition,
  { silenceMs }: LogTiming,
): AsyncGenerator<Buffer> {
  const target = { type: resources.pods, namespace, name: pod, subresource: 'log' };
  const sinceTime = position.since();
  const path = withQuery(pathOf(target), {
    container,
    timestamps: true,
    follow: follow === true ? true : undefined,
    previous: previous === true ? true : undefined,
    tailLines: sinceTime === undefined ? tailLines : undefined,
    sinceTime,
  });
  position.begin();
  // The kubelet's answer only begins with the first line, so its silence says nothing either.
  const request = { path, accept: '*/*', doing: doing('get', target), signal };
  const answer = await openStream(api, request, { answerMs: silenceMs, silenceMs });
  for await (const chunk of readChunks(answer, signal)) yield* position.take(chunk);
}

/** What becomes of the container while its log is read. */
class Life {
  readonly #api: Api;
  readonly #pod: string;
  readonly #options: LogReading;
  #seen = false;
  #lastWord = performance.now();

  constructor(api: Api, pod: string, options: LogReading) {
    this.#api = api;
    this.#pod = pod;
    this.#options = options;
  }

  heard(): void {
    this.#seen = true;
    this.#lastWord = performance.now();
  }

  async look(): Promise<'lives' | 'ended' | 'gone'> {
    const patienceMs = this.#options.patienceMs ?? followPatienceMs;
    const { namespace, signal, container } = this.#options;
    const options = {
      patienceMs,
      ...(namespace !== undefined && { namespace }),
      ...(signal !== undefined && { signal }),
    };
    const pod = await getObject(this.#api, resources.pods, this.#pod, options);
    if (pod === undefined) return 'gone';
    this.heard();
    return hasEnded(pod, container) ? 'ended' : 'lives';
  }

  /** After a reading that failed. Throws what is final. */
  async judge(error: unknown, last: boolean): Promise<'end' | 'at once' | 'later'> {
    const { namespace = this.#api.namespace, follow = false, patienceMs } = this.#options;
    if (!(error instanceof CallFailure)) throw error;
    const said = () =>
      errorOf(
        error,
        doing('get', { type: resources.pods, namespace, name: this.#pod, subresource: 'log' }),
        this.#api.server,
      );
    const silentMs = performance.now() - this.#lastWord;
    if (error.kind === 'silence' && follow) return (await this.look()) === 'gone' ? 'end' : 'at once';
    if (mayPass(error)) {
      if (silentMs >= (patienceMs ?? (follow ? followPatienceMs : defaultPatienceMs))) throw said();
      return 'later';
    }
    if (error.status === 404) {
      if (this.#seen) return 'end';
      if (!follow || silentMs >= (patienceMs ?? defaultPatienceMs)) {
        throw new KonvergeError('not-found', `there is no pod ${this.#pod} in namespace ${namespace}`, {
          cause: error,
        });
      }
      return 'later';
    }
    // `container "x" in pod "y" is waiting to start: …`, or its log was removed with it.
    if (error.status !== 400 || !/waiting to start|not found|is terminated/.test(error.message)) throw said();
    if (!follow || last) return 'end';
    const state = await this.look();
    return state === 'lives' ? 'later' : 'end';
  }
}
