import { type Application, buildApplication, buildRouteMap } from '@stricli/core';
import { cancelCommand } from './cancel-command.ts';
import { cleanupCommand } from './cleanup-command.ts';
import type { CliContext } from './context.ts';
import { coreCommand } from './core-command.ts';
import { doctorCommand } from './doctor/doctor-command.ts';
import { exitCodes } from './exit-codes.ts';
import { explainCommand } from './explain-command.ts';
import { logsCommand } from './logs-command.ts';
import { priorityCommand } from './priority-command.ts';
import { runCommand } from './run/run-command.ts';
import { statusCommand } from './status-command.ts';

/** The commands, in the order in which a person meets them. */
export const commands = {
  run: runCommand,
  status: statusCommand,
  logs: logsCommand,
  explain: explainCommand,
  cancel: cancelCommand,
  priority: priorityCommand,
  cleanup: cleanupCommand,
  doctor: doctorCommand,
  core: coreCommand,
} as const;

export function buildCli(version: string): Application<CliContext> {
  return buildApplication(
    buildRouteMap({
      routes: commands,
      docs: { brief: "Run a workflow's steps as the right workloads, through a queue" },
    }),
    {
      name: 'konverge',
      versionInfo: { currentVersion: version },
      scanner: { caseStyle: 'allow-kebab-for-camel', allowArgumentEscapeSequence: true },
      determineExitCode: () => exitCodes.usage.code,
    },
  );
}

/**
 * Everything behind `run` that is not a flag of ours belongs to Snakemake: it is put behind `--`, where the scanner takes
 * it as it is. Our own flags must come before Snakemake's.
 */
export function withEscapedSnakemakeFlags(argv: readonly string[]): string[] {
  if (argv[0] !== 'run') return [...argv];
  const own = new Set(['--json', '--plain', '--help', '-h', '--helpAll', '--help-all']);
  const rest = argv.slice(1);
  const split = rest.findIndex((word) => !own.has(word));
  const end = split === -1 ? rest.length : split;
  const passed = rest.slice(end);
  return ['run', ...rest.slice(0, end), '--', ...(passed[0] === '--' ? passed.slice(1) : passed)];
}
