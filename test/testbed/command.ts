import { spawn } from 'node:child_process';
import { Stop } from '../../tools/setup/stop.mjs';

export interface CommandOptions {
  /** Written to its standard input. */
  readonly input?: string | Uint8Array;
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly timeoutMs?: number;
}

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end; never throws for what the program does. Code 127: it could not be started; 124: too slow. */
export function tryCommand(argv: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  const [program = '', ...rest] = argv;
  return new Promise((resolve) => {
    const child = spawn(program, rest, {
      stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      ...(options.env && { env: options.env }),
      ...(options.cwd !== undefined && { cwd: options.cwd }),
      ...(options.timeoutMs !== undefined && { timeout: options.timeoutMs }),
    });
    let stdout = '';
    let stderr = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', (error) => resolve({ code: 127, stdout, stderr: error.message }));
    child.on('close', (code) => resolve({ code: code ?? 124, stdout, stderr }));
    // A program that ends before it has read all its input says why by its exit code.
    child.stdin?.on('error', () => {});
    child.stdin?.end(options.input);
  });
}

/**
 * Runs a program to its end.
 * @returns its standard output
 * @throws {Stop} with the last lines that it said, if it fails
 */
export async function runCommand(argv: readonly string[], options: CommandOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await tryCommand(argv, options);
  if (code === 0) return stdout;
  const said = (stderr.trim() || stdout.trim() || 'it said nothing').split('\n').slice(-8).join('\n');
  throw new Stop(`${argv.slice(0, 4).join(' ')} failed with code ${code}: ${said}`);
}
