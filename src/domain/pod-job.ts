import type { StepId } from './brand.ts';
import type { ErrorCode } from './error-table.ts';
import type { ManifestRef } from './manifest.ts';
import type { ObjectLocation, StoreSettings } from './object-location.ts';
import type { StagingPlan } from './staging.ts';
import type { Usage } from './step.ts';

/**
 * What the agent of a pod is told, as `job.json` in the step's Secret. It may hold credentials: it is never logged or shown,
 * and only the agent's container mounts it.
 */
export interface PodJob {
  readonly version: 1;
  readonly step: StepId;
  /** Absolute, in the pod. */
  readonly workdir: string;
  /** How many `command-N` there are; each is measured by itself. */
  readonly commands: number;
  /** Of other pods of the step: each has to have an address before the commands begin. */
  readonly hosts?: readonly string[];
  /** Absent: nothing is moved (the step works in a mounted volume, or needs no files). */
  readonly staging?: StagingPlan;
  readonly stores: Readonly<Record<string, StoreSettings>>;
  /** For the stores' own chain of credentials, proxies and certificates; only what a pod can use. */
  readonly environment: Readonly<Record<string, string>>;
  /** Where the step's stdout and stderr are kept, in pieces; absent: only in the pod's log. */
  readonly logs?: ObjectLocation;
  readonly logLimitBytes: number;
}

/**
 * What a pod leaves of its step: the wrapper writes it, as the agent has composed it, into its container's termination message,
 * so that it comes with the pod's status. At most 4096 bytes of JSON; longer texts are cut, and say so.
 */
export interface PodReport {
  readonly version: 1;
  /** The first non-zero exit code of the commands, else 0; absent if they never ran. */
  readonly exitCode?: number;
  /** The kernel has killed a process of the commands for want of memory. */
  readonly outOfMemory?: true;
  /** Of a success with staging by the agent. */
  readonly manifest?: ManifestRef;
  /** One per command that ran. */
  readonly usage: readonly Usage[];
  /** Why the step fails although nothing is wrong with its command: staging in, or out. */
  readonly error?: { readonly code: ErrorCode; readonly message: string; readonly hint: string };
  /** The last lines of its stderr, else of its stdout. */
  readonly tail?: string;
}
