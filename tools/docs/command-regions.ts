import { generateHelpTextForAllCommands } from '@stricli/core';
import { buildCli } from '../../src/frontends/cli/application.ts';
import { exitCodes } from '../../src/frontends/cli/exit-codes.ts';
import { version } from '../../src/daemon/version.ts';
import { table } from './regions.ts';

/** The regions of docs/reference/cli.md: the help text of every command, as it prints it, and the exit codes. */
export function commandRegions(): Record<string, string> {
  const help = generateHelpTextForAllCommands(buildCli(version) as Parameters<typeof generateHelpTextForAllCommands>[0]);
  const regions = help.map(([command, text]) => [command, `\`\`\`text\n${text.trimEnd()}\n\`\`\``] as const);
  const codes = Object.values(exitCodes).map(({ code, meaning }) => [String(code), meaning]);
  return { ...Object.fromEntries(regions), 'exit codes': table(['exit code', 'meaning'], codes) };
}
