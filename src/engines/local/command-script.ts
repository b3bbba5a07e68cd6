/** The longest single command that Snakemake passes in argv (shell.py, MAX_ARG_LEN); Linux itself ends at 128 KiB. */
const maxArgumentBytes = 16 * 4096 - 1;
/** All arguments and the environment share a quarter of the stack's limit, usually 2 MiB. */
const maxTotalBytes = 512 * 1024;

export interface ScriptFile {
  readonly name: string;
  readonly content: string;
}

/**
 * Commands that do not fit into an argument list go to a file, run as `"shell" "file"`: Snakemake's own rule, so that `$0`
 * and the like are what the author knows.
 */
export function placeCommands(
  shell: string,
  commands: readonly string[],
  directory: string,
): { readonly commands: readonly string[]; readonly scripts: readonly ScriptFile[] } {
  const together = commands.reduce((sum, command) => sum + Buffer.byteLength(command), 0);
  const scripts: ScriptFile[] = [];
  const placed = commands.map((command, index) => {
    if (together <= maxTotalBytes && quotedBytes(command) <= maxArgumentBytes) return command;
    const name = `command-${index}.sh`;
    scripts.push({ name, content: command });
    return `"${shell}" "${directory}/${name}"`;
  });
  return { commands: placed, scripts };
}

/** Snakemake counts the command as it would stand in single quotes. */
function quotedBytes(command: string): number {
  const quotes = command.split("'").length - 1;
  return Buffer.byteLength(command) + 3 * quotes + 2;
}
