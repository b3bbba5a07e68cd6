import { type Application, type CommandContext, generateHelpTextForAllCommands } from '@stricli/core';
import { version } from '../../src/daemon/version.ts';
import { buildCli } from '../../src/frontends/cli/application.ts';
import { exitCodes } from '../../src/frontends/cli/exit-codes.ts';
import { table } from './regions.ts';

/** The regions of docs/reference/cli.md: the help text of every command, as it prints it, and the exit codes. */
export function commandRegions(): Record<string, string> {
  // Help is made without a context, so that of our commands does not matter.
  const cli = buildCli(version) as unknown as Application<CommandContext>;
  const help = generateHelpTextForAllCommands(cli);
  const regions = help.map(([command, text]) => [command, `\`\`\`text\n${text.trimEnd()}\n\`\`\``] as const);
  const codes = Object.values(exitCodes).map(({ code, meaning }) => [String(code), meaning]);
  return { ...Object.fromEntries(regions), 'exit codes': table(['exit code', 'meaning'], codes) };
}
