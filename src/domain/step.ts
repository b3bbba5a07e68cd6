import type { RequestHash, SessionId, StepId, StepKey } from './brand.ts';
import type { Failure } from './failure.ts';
import type { GroupMember } from './group.ts';
import type { WorkloadKind } from './kind.ts';
import type { PodPatch, PodSecurity } from './kubernetes-settings.ts';
import type { ManifestRef } from './manifest.ts';
import type { ResourceRequest } from './resources.ts';
import type { ServiceSpec } from './service.ts';
import type { StagingPlan } from './staging.ts';
import type { StepState } from './state.ts';
import type { Topology } from './topology.ts';

/**
 * What runs.
 * - `direct`: the step's own commands, run one after another by `shell -c`; more than one only for a repeated benchmark.
 * - `group`: several steps that share one place; levels one after another, the members of a level at once (group.ts).
 * - `fallback`: the workflow tool's own job command, with the reasons why it could not go direct.
 */
export type Execution =
  | {
      readonly mode: 'direct';
      /** Absolute path locally, or a bare name that is looked up in the step's PATH. */
      readonly shell: string;
      readonly commands: readonly string[];
    }
  | { readonly mode: 'group'; readonly levels: readonly (readonly GroupMember[])[] }
  | {
      readonly mode: 'fallback';
      readonly command: string;
      readonly reasons: readonly string[];
      /** What it would do, as a hash of the front end's: the command itself names attempts and temporary files. */
      readonly digest: string;
    };

export interface InputFile {
  readonly path: string;
  /** Modification time in nanoseconds as a decimal string (it does not fit a double), or an ETag on object storage. */
  readonly version: string;
}

/** One step as a front end hands it over, parsed. Plain data: it is stored, hashed and shown as it is. */
export interface StepSpec {
  /** The front end's own handle, unique within its session: Snakemake's jobid and attempt. */
  readonly ref: string;
  readonly rule: string;
  /** For people: the rule with its wildcards. */
  readonly label: string;
  readonly attempt: number;
  readonly priority: number;
  readonly inputs: readonly InputFile[];
  readonly outputs: readonly string[];
  /** Log files that the rule declares (`log:`). */
  readonly logs: readonly string[];
  readonly resources: ResourceRequest;
  readonly execution: Execution;
  /** Absolute. The shadow directory if the step has one. */
  readonly cwd: string;
  /** Added to the session's environment: thread counts, TMPDIR, declared `envvars`. */
  readonly env: Readonly<Record<string, string>>;
  /** Image, without a transport prefix such as docker://. */
  readonly container?: string;
  readonly operator?: string;
  readonly queue?: string;
  readonly services: readonly ServiceSpec[];
  /** A WorkloadPriorityClass of Kueue's; a number is `priority`. */
  readonly priorityClass?: string;
  /** From konverge.yaml; on Kubernetes only. */
  readonly security?: PodSecurity;
  readonly topology?: Topology;
  /** As `fluxView` of KubernetesSettings, for this step. */
  readonly fluxView?: string;
  /** Kueue's admission gates, which others take away. As the queue, they are no part of what makes two requests the same. */
  readonly gates?: readonly string[];
  readonly pod?: PodPatch;
  /** What has to be moved, where the step shares no file system with the front end. */
  readonly staging?: StagingPlan;
  /** Whether the front end wants usage figures in the end event (Snakemake's `benchmark:`), one per command. */
  readonly benchmark: boolean;
}

/** What one command used; an absent figure could not be had. */
export interface Usage {
  readonly wallMs: number;
  readonly cpuMs?: number;
  readonly maxRssBytes?: number;
  readonly maxVmsBytes?: number;
  readonly maxUssBytes?: number;
  readonly maxPssBytes?: number;
  readonly ioReadBytes?: number;
  readonly ioWriteBytes?: number;
}

/** A step as the core knows it: one row of the run store. */
export interface StepRecord {
  readonly id: StepId;
  readonly key: StepKey;
  readonly requestHash: RequestHash;
  readonly generation: number;
  readonly session: SessionId;
  readonly spec: StepSpec;
  readonly engine: string;
  readonly queue: string;
  readonly kind: WorkloadKind;
  readonly kindReason: string;
  readonly state: StepState;
  /** Why it is in this state, as one sentence; empty where the state says it all. */
  readonly reason: string;
  /** By us, after what ran it was lost; that its queue has evicted it is no fault, and is not counted. */
  readonly restarts: number;
  readonly failure?: Failure;
  /**
   * Where its outputs wait as open uploads, once the command has succeeded (manifest.ts). Stays here after the commit, which
   * removes the manifest itself.
   */
  readonly manifest?: ManifestRef;
  /** One per command of a benchmarked step; otherwise at most one. */
  readonly usage: readonly Usage[];
  /** Milliseconds since the epoch. */
  readonly acceptedAtMs: number;
  readonly startedAtMs?: number;
  readonly endedAtMs?: number;
  /** Whether the front end has acknowledged the end. An untold end is told again to whoever asks for the same step. */
  readonly told: boolean;
}
