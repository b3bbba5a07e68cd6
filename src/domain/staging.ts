import type { ObjectLocation } from './object-location.ts';

/**
 * What has to be moved for a step that shares no file system with the front end. Paths are relative to the step's own
 * working directory, an empty one that the engine makes, or absolute.
 *
 * `by: 'agent'`: the agent stages inputs, collects outputs and leaves them as open uploads, which the core completes
 * (direct steps). `by: 'step'`: the step does its own input and output (Snakemake's own job command); `outputs` and
 * `benchmark` only say what must be seen in storage before success is told.
 */
export interface StagingPlan {
  readonly by: 'agent' | 'step';
  /** Where the attempt's manifest goes: a prefix (S3) or a directory. */
  readonly area: ObjectLocation;
  readonly inputs: readonly StagedInput[];
  readonly outputs: readonly StagedOutput[];
  /** Uploaded with the outputs after success, and on their own after a failure. Made empty if the command wrote none. */
  readonly logs: readonly StagedFile[];
  readonly benchmark?: StagedBenchmark;
  /** Files that exist only inside the step (of a group): nothing is moved; their directories are made. */
  readonly inner: readonly string[];
  /** SHA-256 of the archive with the workflow's sources (hex), unpacked into the working directory first. */
  readonly sources?: string;
}

export interface StagedFile {
  readonly path: string;
  readonly at: ObjectLocation;
}

/** A file, or a directory if there are only keys below `key/`. */
export type StagedInput = StagedFile;

export interface StagedOutput extends StagedFile {
  readonly kind: 'file' | 'directory';
  /** Snakemake's touch(): made empty, or given a new time, if the command succeeded. */
  readonly touch: boolean;
  /** Snakemake's update(): what is there already is staged in before the command. */
  readonly update: boolean;
  /** Of a group: in which level it was made. Absent: 0. */
  readonly level?: number;
  /** Snakemake's ensure(). */
  readonly ensure?: OutputExpectation;
}

export interface OutputExpectation {
  readonly nonEmpty: boolean;
  /** Hex digest of the file's bytes, by the name of the algorithm as Node knows it: `sha256`, `md5`, … */
  readonly checksum?: { readonly algorithm: string; readonly value: string };
}

/** A benchmark in Snakemake's own form, written by the agent from the usage that the engine measured. */
export interface StagedBenchmark extends StagedFile {
  readonly format: 'tsv' | 'jsonl';
  /** With --benchmark-extended: the job's own columns, each as Snakemake prints it. Absent: the ten basic columns. */
  readonly extended?: {
    readonly jobid: string;
    readonly ruleName: string;
    readonly wildcards: Readonly<Record<string, unknown>>;
    readonly params: Readonly<Record<string, unknown>>;
    readonly threads: number;
    readonly resources: Readonly<Record<string, unknown>>;
  };
}

/** How the commands of an attempt ended, for the manifest. */
export interface CommandEnd {
  readonly succeeded: boolean;
  readonly exitCode?: number;
}
