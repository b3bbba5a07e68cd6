#!/usr/bin/env node
import { fileURLToPath } from 'node:url';
import { run } from '@stricli/core';
import { runCore } from './daemon/core-process.ts';
import { examineEngine } from './daemon/examine-engine.ts';
import { openLeftovers } from './daemon/open-leftovers.ts';
import { version } from './daemon/version.ts';
import { buildCli, withEscapedSnakemakeFlags } from './frontends/cli/application.ts';
import type { CliContext } from './frontends/cli/context.ts';
import { exitCodes } from './frontends/cli/exit-codes.ts';

/** The entry of everything: the commands, and `konverge core`, the process behind them. */
await run(buildCli(version), withEscapedSnakemakeFlags(process.argv.slice(2)), {
  process: process as CliContext['process'],
  cwd: process.cwd(),
  env: process.env,
  version,
  selfCommand: [process.execPath, fileURLToPath(import.meta.url)],
  runCore,
  examineEngine,
  openLeftovers,
});
// stricli ends a command line that it cannot read with a code of its own below zero.
if (typeof process.exitCode === 'number' && process.exitCode < 0) process.exitCode = exitCodes.usage.code;
