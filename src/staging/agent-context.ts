import type { Logger } from '../ports/logger.ts';
import type { ObjectStore } from '../ports/object-store.ts';
import type { InputCache } from './input-cache.ts';
import type { Limiter } from './limiter.ts';
import type { SourceTree } from './source-tree.ts';

/** What the agent has for all steps. */
export interface AgentContext {
  readonly logger: Logger;
  readonly cache: InputCache;
  readonly sources: SourceTree;
  /** Downloads at once. */
  readonly transfers: Limiter;
  /** Parts on their way into storage at once: they bound the memory that uploads take. */
  readonly parts: Limiter;
  /** Other requests at once. */
  readonly requests: Limiter;
  /** Ids of uploads that a step of this process works on: no garbage, whatever lists them. */
  readonly liveUploads: Set<string>;
}

/** What a call works with: the access of the session that was the newest when the call began. */
export interface CallContext extends AgentContext {
  /** Throws `storage-unconfigured` if the session has not named it. */
  store(name: string): ObjectStore;
  /** Where this session has already seen its archive in storage. */
  readonly keptArchives: Set<string>;
  readonly archive?: { readonly digest: string; readonly path: string };
}
