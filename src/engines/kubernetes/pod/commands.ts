import { posix } from 'node:path';
import type { GroupMember } from '../../../domain/group.ts';
import { buildGroupScript } from '../../../domain/group-script.ts';
import type { Execution, StepSpec } from '../../../domain/step.ts';

/** What the wrapper runs: each text is a file, run as `shell file`. */
export interface StepCommands {
  /** A bare name: where the image has it, only the image knows. The wrapper falls back to bash, then sh. */
  readonly shell: string;
  readonly texts: readonly string[];
}

/** Key of the Secret, and name of the file in the step's container. */
export function commandKey(index: number): string {
  return `command-${index}`;
}

/** Of all commands, in order. */
export function commandKeys(spec: StepSpec): readonly string[] {
  return commandsOf(spec).texts.map((_text, index) => commandKey(index));
}

export function commandsOf(spec: StepSpec): StepCommands {
  const { shell, texts } = callOf(spec.execution, Math.max(1, spec.resources.cpuMillis / 1000));
  return { shell, texts: texts.map((text) => (text.endsWith('\n') ? text : `${text}\n`)) };
}

function callOf(execution: Execution, threads: number): StepCommands {
  switch (execution.mode) {
    case 'direct': {
      const shell = posix.basename(execution.shell);
      return { shell, texts: execution.commands.map((command) => portable(shell, command)) };
    }
    case 'group':
      return { shell: 'sh', texts: [groupText(execution.levels, threads)] };
    case 'fallback':
      return { shell: 'sh', texts: [execution.command] };
  }
}

const bashPrefix = 'set -euo pipefail; ';

/**
 * Snakemake begins a command with this for bash, and with nothing for any other shell: dash ends at `pipefail`. Which one it is
 * shows only in the image, so the command asks.
 */
function portable(shell: string, command: string): string {
  if (shell !== 'bash' || !command.startsWith(bashPrefix)) return command;
  return `[ -z "\${BASH_VERSION-}" ] || ${command}`;
}

/** The front end's path of a shell means nothing in the image; where the image has no bash, its sh stands in. */
function groupText(levels: readonly (readonly GroupMember[])[], threads: number): string {
  const here = levels.map((level) =>
    level.map((member) => {
      const shell = posix.basename(member.shell);
      return { ...member, shell, commands: member.commands.map((command) => portable(shell, command)) };
    }),
  );
  return `command -v bash >/dev/null 2>&1 || bash() { sh "$@"; }\n${buildGroupScript(here, threads)}`;
}
