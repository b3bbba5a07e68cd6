import { rm } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import type { StepId } from '../domain/brand.ts';
import { KonvergeError } from '../domain/error.ts';
import type { ManifestRef } from '../domain/manifest.ts';
import type { ObjectLocation } from '../domain/object-location.ts';
import type { CommandEnd, StagingPlan } from '../domain/staging.ts';
import type { Usage } from '../domain/step.ts';
import type { Logger } from '../ports/logger.ts';
import type { CommitSummary, ElsewhereAccess, Staging, StagingJob, StorageAccess } from '../ports/staging.ts';
import { AgentChannel, AgentGone } from './agent-channel.ts';
import { environmentElsewhere } from './elsewhere.ts';
import type { AgentCall } from './protocol.ts';

export interface AgentClientOptions {
  /** The program of the agent (daemon/agent-entry.ts). */
  readonly entry: string;
  /** Where the agent keeps copies of inputs and the like. Exists. */
  readonly stateDir: string;
  readonly logger: Logger;
}

/** Processes in a row that ended without an answer, after which no more are started for a while. */
const maxFruitlessStarts = 5;
const restartPauseMs = 30_000;

/**
 * The core's side of the agent: starts its process with the first `configure` and hands it the calls. The client library of
 * the stores lives over there: it would double what each core has to load, and the credentials stay there.
 *
 * A process that dies is started again, and the calls that it had are repeated once each: all of them may be.
 */
export class AgentClient implements Staging {
  private readonly options: AgentClientOptions;
  private access: StorageAccess | undefined;
  private channel: AgentChannel | undefined;
  private readonly retired = new Set<AgentChannel>();
  private readonly closing = new AbortController();
  private ready = Promise.withResolvers<void>();
  private fruitlessStarts = 0;
  private lastEndMs = 0;

  constructor(options: AgentClientOptions) {
    this.options = options;
  }

  get configured(): boolean {
    return this.access !== undefined;
  }

  /** Of the process that serves new calls; for tests and logs. */
  get pid(): number | undefined {
    return this.channel?.pid;
  }

  configure(access: StorageAccess): void {
    if (this.closing.signal.aborted || isDeepStrictEqual(access, this.access)) return;
    // Proxies, certificates and profiles are read from the environment when a process starts.
    const sameProcess = isDeepStrictEqual(access.environment, this.access?.environment);
    this.access = access;
    this.fruitlessStarts = 0;
    if (sameProcess && this.channel?.usable) this.channel.configure(this.options.stateDir, access);
    else this.start(access);
    this.ready.resolve();
  }

  async forElsewhere(signal: AbortSignal): Promise<ElsewhereAccess> {
    const stores = (await this.call({ method: 'forElsewhere' }, signal)) as ElsewhereAccess['stores'];
    return { stores, environment: environmentElsewhere(this.access?.environment ?? {}) };
  }

  async prepareElsewhere(plan: StagingPlan, signal: AbortSignal): Promise<void> {
    await this.call({ method: 'prepareElsewhere', plan }, signal);
  }

  async stage(job: StagingJob, signal: AbortSignal): Promise<void> {
    await this.call({ method: 'stage', job }, signal);
  }

  async collect(
    job: StagingJob,
    end: CommandEnd,
    usage: readonly Usage[],
    signal: AbortSignal,
  ): Promise<ManifestRef | undefined> {
    return (await this.call({ method: 'collect', job, end, usage }, signal)) as ManifestRef | undefined;
  }

  async commit(manifest: ManifestRef, signal: AbortSignal): Promise<CommitSummary> {
    return (await this.call({ method: 'commit', manifest }, signal)) as CommitSummary;
  }

  async release(manifest: ManifestRef): Promise<void> {
    await this.call({ method: 'release', manifest });
  }

  async discard(manifest: ManifestRef): Promise<void> {
    await this.call({ method: 'discard', manifest });
  }

  async verify(plan: StagingPlan, signal: AbortSignal): Promise<void> {
    await this.call({ method: 'verify', plan }, signal);
  }

  async collectGarbage(
    ended: readonly Pick<StagingJob, 'step' | 'plan'>[],
    keep: readonly ManifestRef[],
  ): Promise<{ readonly aborted: number }> {
    return (await this.call({ method: 'collectGarbage', ended, keep })) as { readonly aborted: number };
  }

  async bring(prefix: ObjectLocation, path: string, signal: AbortSignal): Promise<void> {
    await this.call({ method: 'bring', prefix, path }, signal);
  }

  /** Needs no store, so it does not wait for one. */
  async forget(_step: StepId, workdir: string): Promise<void> {
    if (this.configured) await this.call({ method: 'forget', workdir });
    else await rm(workdir, { recursive: true, force: true });
  }

  async close(): Promise<void> {
    this.closing.abort(new KonvergeError('agent-lost', 'the core is ending'));
    const channels = [...this.retired, ...(this.channel ? [this.channel] : [])];
    await Promise.all(channels.map((channel) => channel.close()));
  }

  private async call(call: AgentCall, signal?: AbortSignal): Promise<unknown> {
    for (let tries = 1; ; tries += 1) {
      await this.untilConfigured(signal);
      try {
        return await this.usableChannel().call(call, signal);
      } catch (error) {
        if (!(error instanceof AgentGone)) throw error;
        signal?.throwIfAborted();
        this.closing.signal.throwIfAborted();
        if (tries >= 2) {
          throw new KonvergeError('agent-lost', `the agent process ended twice in the middle of ${call.method}`);
        }
      }
    }
  }

  private async untilConfigured(signal: AbortSignal | undefined): Promise<void> {
    const either = AbortSignal.any([this.closing.signal, ...(signal ? [signal] : [])]);
    either.throwIfAborted();
    if (this.configured) return;
    const aborted = Promise.withResolvers<never>();
    const stop = (): void => aborted.reject(either.reason as Error);
    either.addEventListener('abort', stop, { once: true });
    try {
      await Promise.race([this.ready.promise, aborted.promise]);
    } finally {
      either.removeEventListener('abort', stop);
    }
  }

  private usableChannel(): AgentChannel {
    if (this.channel?.usable) return this.channel;
    if (this.access === undefined)
      throw new KonvergeError('storage-unconfigured', 'no session has described its storage');
    const resting = performance.now() - this.lastEndMs < restartPauseMs;
    if (this.fruitlessStarts >= maxFruitlessStarts && resting) {
      throw new KonvergeError('agent-lost', `the agent process ended ${this.fruitlessStarts} times without an answer`);
    }
    return this.start(this.access);
  }

  private start(access: StorageAccess): AgentChannel {
    const { entry, stateDir, logger } = this.options;
    const former = this.channel;
    if (former?.usable) {
      this.retired.add(former);
      void former.gone.then(() => this.retired.delete(former));
      former.retire();
    }
    const channel = new AgentChannel(entry, environmentOf(access), logger);
    this.channel = channel;
    channel.configure(stateDir, access);
    logger.info({ agent: channel.pid }, 'the agent was started');
    void channel.gone.then(() => {
      this.lastEndMs = performance.now();
      this.fruitlessStarts = channel.answered ? 0 : this.fruitlessStarts + 1;
      const expected = this.closing.signal.aborted || this.channel !== channel;
      if (!expected)
        logger.warn({ agent: channel.pid }, 'the agent process has ended; it is started again when needed');
    });
    return channel;
  }
}

/** What the session gave, and where programs and files of this user are. Nothing else of the core's own. */
function environmentOf({ environment }: StorageAccess): Record<string, string> {
  const own = Object.fromEntries(
    ['PATH', 'HOME'].flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])),
  );
  // May open a debugger port or load a profiler.
  const { NODE_OPTIONS: _options, ...given } = environment;
  return { ...own, ...given };
}
