import { rm } from 'node:fs/promises';
import { KonvergeError } from '../domain/error.ts';
import type { ManifestRef } from '../domain/manifest.ts';
import type { StoreSettings } from '../domain/object-location.ts';
import type { Logger } from '../ports/logger.ts';
import type { ObjectStore } from '../ports/object-store.ts';
import type { CommitSummary, ElsewhereAccess } from '../ports/staging.ts';
import type { AgentContext, CallContext } from './agent-context.ts';
import { bring } from './bring.ts';
import { collect } from './collect.ts';
import { collectGarbage } from './collect-garbage.ts';
import { commit, discard, release } from './commit.ts';
import { concurrency } from './concurrency.ts';
import { diskError } from './disk-error.ts';
import { settingsElsewhere } from './elsewhere.ts';
import { InputCache } from './input-cache.ts';
import { Limiter } from './limiter.ts';
import type { AgentAccess, AgentCall } from './protocol.ts';
import { SourceTree } from './source-tree.ts';
import { publishSources, stage } from './stage.ts';
import { verify } from './verify.ts';

/** To look through all local copies takes a while where there are thousands. */
const trimEveryMs = 10_000;

/** The stores are another layer's (src/storage). */
export interface StoreOpeners {
  openStore(settings: StoreSettings): ObjectStore;
  /** The settings with what the client's own chain finds on this machine written out. */
  resolveSettings(settings: StoreSettings): Promise<StoreSettings>;
}

type AgentAnswer = ManifestRef | CommitSummary | { readonly aborted: number } | ElsewhereAccess['stores'] | undefined;

/** Carries out the calls of the core, for many steps at once. */
export class Agent {
  private readonly context: AgentContext;
  private readonly openers: StoreOpeners;
  private session: Session | undefined;
  private trimmedAtMs = Number.NEGATIVE_INFINITY;

  constructor(stateDir: string, openers: StoreOpeners, logger: Logger) {
    this.openers = openers;
    this.context = {
      logger,
      cache: new InputCache(stateDir),
      sources: new SourceTree(stateDir),
      transfers: new Limiter(concurrency.transfers),
      parts: new Limiter(concurrency.transfers),
      requests: new Limiter(concurrency.requests),
      liveUploads: new Set(),
    };
    this.context.cache.sweep();
  }

  /** For the calls that come from now on; those that run keep the access with which they began. */
  configure(access: AgentAccess): void {
    const former = this.session;
    this.session = new Session(access, this.openers);
    former?.retire();
  }

  async carryOut(call: AgentCall, signal: AbortSignal): Promise<AgentAnswer> {
    const { session } = this;
    if (session === undefined) throw new KonvergeError('storage-unconfigured', 'no session has described its storage');
    session.begin();
    try {
      return await this.dispatch(session, call, signal);
    } finally {
      session.end();
    }
  }

  /** The core has gone: what no step uses now is of no use until the next run. */
  close(): void {
    this.context.cache.trim(0);
  }

  private async dispatch(session: Session, call: AgentCall, signal: AbortSignal): Promise<AgentAnswer> {
    const context: CallContext = session.contextOf(this.context);
    switch (call.method) {
      case 'forElsewhere':
        return await settingsElsewhere(session.stores, (settings) => this.openers.resolveSettings(settings));
      case 'prepareElsewhere':
        await publishSources(context, call.plan, signal);
        return undefined;
      case 'stage':
        await stage(context, call.job, signal);
        return undefined;
      case 'collect':
        return await collect(context, call.job, call.end, call.usage, signal);
      case 'commit':
        return await commit(context, call.manifest, signal);
      case 'release':
        await release(context, call.manifest);
        return undefined;
      case 'discard':
        await discard(context, call.manifest);
        return undefined;
      case 'verify':
        await verify(context, call.plan, signal);
        return undefined;
      case 'collectGarbage':
        return await collectGarbage(context, call.ended, call.keep);
      case 'bring':
        await bring(context, call.prefix, call.path, signal);
        return undefined;
      case 'forget':
        await this.forget(call.workdir);
        return undefined;
    }
  }

  private async forget(workdir: string): Promise<void> {
    await rm(workdir, { recursive: true, force: true }).catch((cause: unknown) => {
      throw diskError(workdir, cause);
    });
    if (performance.now() - this.trimmedAtMs < trimEveryMs) return;
    this.trimmedAtMs = performance.now();
    this.context.cache.trim();
  }
}

/** The stores of one session, opened when they are first used and closed when its last call has ended. */
class Session {
  private readonly access: AgentAccess;
  private readonly openers: StoreOpeners;
  private readonly opened = new Map<string, ObjectStore>();
  private readonly keptArchives = new Set<string>();
  private calls = 0;
  private retired = false;

  constructor(access: AgentAccess, openers: StoreOpeners) {
    this.access = access;
    this.openers = openers;
  }

  get stores(): AgentAccess['stores'] {
    return this.access.stores;
  }

  contextOf(context: AgentContext): CallContext {
    const { sources: archive } = this.access;
    return {
      ...context,
      store: (name) => this.store(name),
      keptArchives: this.keptArchives,
      ...(archive && { archive }),
    };
  }

  begin(): void {
    this.calls += 1;
  }

  end(): void {
    this.calls -= 1;
    this.closeIfOver();
  }

  retire(): void {
    this.retired = true;
    this.closeIfOver();
  }

  private store(name: string): ObjectStore {
    const known = this.opened.get(name);
    if (known) return known;
    const settings = this.access.stores[name];
    if (settings === undefined) {
      throw new KonvergeError('storage-unconfigured', `the run has not said how the store ${name} is reached`);
    }
    const store = this.openers.openStore(settings);
    this.opened.set(name, store);
    return store;
  }

  private closeIfOver(): void {
    if (!this.retired || this.calls > 0) return;
    for (const store of this.opened.values()) store.close();
    this.opened.clear();
  }
}
