import type { CommandContext, StricliProcess } from '@stricli/core';
import type { Finding } from './doctor/finding.ts';

/** What the commands get from outside, so that tests can hand in their own. */
export interface CliContext extends CommandContext {
  readonly process: StricliProcess & NodeJS.Process;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly version: string;
  /** How this program starts itself again, as a core: node and the entry file. */
  readonly selfCommand: readonly [string, ...string[]];
  /** What the engine of a run can do, found by asking it: this machine, or a cluster. */
  readonly examineEngine: (question: EngineQuestion) => Promise<readonly Finding[]>;
  /** What runs have left in a cluster. To be closed. */
  readonly openLeftovers: (question: ClusterQuestion) => Promise<Leftovers>;
  /** Runs the core in this process; resolves with its exit code. */
  readonly runCore: (options: CoreCommandOptions) => Promise<number>;
}

/** Where a run would be, as the configuration and the command line say. */
export interface ClusterQuestion {
  readonly workdir: string;
  /** The konverge.yaml; absent: the one in the working directory. */
  readonly config?: string;
  /** Over that of the configuration. */
  readonly namespace?: string;
}

export interface EngineQuestion extends ClusterQuestion {
  readonly engine: string;
}

/** What runs have left in a namespace of a cluster, by run. */
export interface Leftovers {
  readonly namespace: string;
  readonly server: string;
  /** The run of the working directory that was asked for; undefined if it has none, or its state is gone. */
  readonly ownRun: string | undefined;
  readonly runs: readonly LeftRun[];
  /** Removes what there is of these runs, and nothing else; tells what was removed. */
  remove(runs: readonly string[]): Promise<readonly Removal[]>;
  close(): Promise<void>;
}

export interface LeftRun {
  readonly run: string;
  /** Objects of steps, such as Jobs. */
  readonly objects: number;
  /** Of these, how many have not ended. */
  readonly unfinished: number;
  /** Secrets whose object is gone; undefined if this user may not list Secrets. */
  readonly secrets: number | undefined;
  /** Of the newest one, in milliseconds since the epoch. */
  readonly newestAtMs: number;
}

export interface Removal {
  readonly run: string;
  /** By kind, such as `Job`. */
  readonly removed: Readonly<Record<string, number>>;
}

/** The flags of `konverge core`, as the composition root takes them. */
export interface CoreCommandOptions {
  readonly workdir: string;
  readonly engine?: string;
  readonly config?: string;
  readonly namespace?: string;
  readonly listen?: string;
  readonly token?: string;
}
