import type { ErrorBody } from '../domain/error.ts';
import type { ManifestRef } from '../domain/manifest.ts';
import type { ObjectLocation } from '../domain/object-location.ts';
import type { CommandEnd, StagingPlan } from '../domain/staging.ts';
import type { Usage } from '../domain/step.ts';
import type { Logger } from '../ports/logger.ts';
import type { StagingJob, StorageAccess } from '../ports/staging.ts';

/** What the agent hears of a session. The environment is that of its process, so it does not travel here. */
export type AgentAccess = Pick<StorageAccess, 'stores' | 'sources'>;

/** A method of the port `Staging`. */
export type AgentCall =
  | { readonly method: 'forElsewhere' }
  | { readonly method: 'prepareElsewhere'; readonly plan: StagingPlan }
  | { readonly method: 'stage'; readonly job: StagingJob }
  | {
      readonly method: 'collect';
      readonly job: StagingJob;
      readonly end: CommandEnd;
      readonly usage: readonly Usage[];
    }
  | { readonly method: 'commit'; readonly manifest: ManifestRef }
  | { readonly method: 'release'; readonly manifest: ManifestRef }
  | { readonly method: 'discard'; readonly manifest: ManifestRef }
  | { readonly method: 'verify'; readonly plan: StagingPlan }
  | {
      readonly method: 'collectGarbage';
      readonly ended: readonly Pick<StagingJob, 'step' | 'plan'>[];
      readonly keep: readonly ManifestRef[];
    }
  | { readonly method: 'bring'; readonly prefix: ObjectLocation; readonly path: string }
  | { readonly method: 'forget'; readonly workdir: string };

/** From the core. `configure` comes first, and again when a later session has other settings. */
export type ToAgent =
  | { readonly kind: 'configure'; readonly stateDir: string; readonly access: AgentAccess }
  | { readonly kind: 'call'; readonly id: number; readonly call: AgentCall }
  | { readonly kind: 'cancel'; readonly id: number };

/** To the core. Each call is answered once, also one that was cancelled: then nothing of it is left open. */
export type FromAgent =
  | { readonly kind: 'returned'; readonly id: number; readonly value?: unknown }
  | { readonly kind: 'failed'; readonly id: number; readonly error: ErrorBody }
  | {
      readonly kind: 'log';
      readonly level: keyof Logger;
      readonly facts: Readonly<Record<string, unknown>>;
      readonly message: string;
    };
