import type { StepId } from '../domain/brand.ts';
import type { ManifestRef } from '../domain/manifest.ts';
import type { ObjectLocation, StoreSettings } from '../domain/object-location.ts';
import type { CommandEnd, StagingPlan } from '../domain/staging.ts';
import type { Usage } from '../domain/step.ts';

/** What a session says of its storage; in memory only. */
export interface StorageAccess {
  readonly stores: Readonly<Record<string, StoreSettings>>;
  /** For the client's own chain of credentials, proxies and certificates (AWS_*, HOME, HTTPS_PROXY, …). */
  readonly environment: Readonly<Record<string, string>>;
  /** The archive of the workflow's sources on this machine, by its SHA-256. */
  readonly sources?: { readonly digest: string; readonly path: string };
}

/** A step as the agent sees it. */
export interface StagingJob {
  readonly step: StepId;
  readonly plan: StagingPlan;
  /** The step's working directory, to which its paths are relative. Absolute; made by `stage`. */
  readonly workdir: string;
  /** Where the agent keeps notes of this step (which uploads it has opened). Absolute; exists. */
  readonly notes: string;
  /** Tells attempts of this step apart, in the name of the manifest: no hyphen, and of one notes folder only. Absent: random. */
  readonly attempt?: string;
}

/** How an agent on another machine reaches the stores of a session. It holds credentials: never logged, shown or stored. */
export type ElsewhereAccess = Pick<StorageAccess, 'stores' | 'environment'>;

/**
 * Moves the files of steps between storage and this machine, and makes outputs visible (the agent, src/staging). Every
 * method may be called again after a crash of either side, and then goes on or begins anew; each throws `KonvergeError`s
 * with a storage code, or `output-missing` and the like. An aborted signal leaves nothing open.
 */
export interface Staging {
  /** Whether a session has said how storage is reached. */
  readonly configured: boolean;

  /** Takes the access of the newest session; steps that wait for it go on. */
  configure(access: StorageAccess): void;

  /**
   * What a session has said of its storage, as far as it means something on another machine: credentials that the client's
   * own chain finds on this one are written out, files and profiles of this one are left out. Waits for `configure` if there
   * is no access yet. Temporary credentials end when they end: ask again for each step.
   */
  forElsewhere(signal: AbortSignal): Promise<ElsewhereAccess>;

  /** For a step that an agent on another machine stages: sees that what only this one has, the sources, is in storage. */
  prepareElsewhere(plan: StagingPlan, signal: AbortSignal): Promise<void>;

  /** Makes the working directory of a step, with its sources and inputs. */
  stage(job: StagingJob, signal: AbortSignal): Promise<void>;

  /**
   * After the command: makes touch() outputs, checks what is promised of them, uploads all without completing, and writes the
   * manifest last. After a failure: uploads logs only. Waits for `configure` if there is no access yet.
   */
  collect(
    job: StagingJob,
    end: CommandEnd,
    usage: readonly Usage[],
    signal: AbortSignal,
  ): Promise<ManifestRef | undefined>;

  /**
   * Completes what a manifest lists, and sees each object in storage. Idempotent, so the manifest stays: a core that dies
   * before it has written down the success must be able to ask again.
   */
  commit(manifest: ManifestRef, signal: AbortSignal): Promise<CommitSummary>;

  /** Removes the manifest of a commit that has been written down. */
  release(manifest: ManifestRef): Promise<void>;

  /** Aborts what a manifest lists and removes it: nobody claims it any more. Idempotent. */
  discard(manifest: ManifestRef): Promise<void>;

  /** Sees each output and the benchmark of a step in storage, under the key that the front end will ask for. */
  verify(plan: StagingPlan, signal: AbortSignal): Promise<void>;

  /** Ends open uploads to keys of these steps that no manifest in `keep` lists, and other manifests of theirs: what killed attempts left. */
  collectGarbage(
    ended: readonly Pick<StagingJob, 'step' | 'plan'>[],
    keep: readonly ManifestRef[],
  ): Promise<{ readonly aborted: number }>;

  /** Writes all objects below a prefix, in the order of their keys, into one local file: a log that is kept in pieces. */
  bring(prefix: ObjectLocation, path: string, signal: AbortSignal): Promise<void>;

  /** Removes local copies of inputs that no step uses now. */
  forget(step: StepId, workdir: string): Promise<void>;

  close(): Promise<void>;
}

export interface CommitSummary {
  readonly objects: number;
  readonly bytes: number;
}

/** Where something of this name is in the area of a store; the area's key may end with a slash. */
export function areaOf(area: ObjectLocation, name: string): ObjectLocation {
  const separator = area.key === '' || area.key.endsWith('/') ? '' : '/';
  return { ...area, key: `${area.key}${separator}${name}` };
}
