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
  /** What the local engine can do on this machine, found by trying. */
  readonly examineEngine: (workdir: string) => Promise<readonly Finding[]>;
  /** Runs the core in this process; resolves with its exit code. */
  readonly runCore: (options: CoreCommandOptions) => Promise<number>;
}

/** The flags of `konverge core`, as the composition root takes them. */
export interface CoreCommandOptions {
  readonly workdir: string;
  readonly engine?: string;
  readonly config?: string;
  readonly listen?: string;
  readonly token?: string;
}
