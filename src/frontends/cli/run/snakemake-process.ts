import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { KonvergeError } from '../../../domain/error.ts';
import type { CliContext } from '../context.ts';
import { WorkflowFacts } from './workflow-facts.ts';

/** Lines of Snakemake's output that are shown when it has failed. */
const lastLines = 25;

export interface SnakemakeCall {
  readonly argv: readonly string[];
  /** Beside the caller's environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** The `snakemake` that runs the workflow, as a child in our foreground group. */
export class SnakemakeProcess {
  readonly logPath: string | undefined;
  readonly ended: Promise<number>;
  /** What its output says; empty where its output goes past us. */
  readonly facts = new WorkflowFacts();
  readonly #child: ChildProcess;
  readonly #tail: string[] = [];
  #abandoned = false;

  private constructor(context: CliContext, call: SnakemakeCall, logPath: string | undefined) {
    this.logPath = logPath;
    this.#child = spawn('snakemake', call.argv, {
      cwd: context.cwd,
      env: {
        ...context.env,
        KONVERGE_NODE: context.selfCommand[0],
        KONVERGE_CORE: context.selfCommand[1],
        ...call.env,
      },
      stdio: logPath === undefined ? 'inherit' : ['inherit', 'pipe', 'pipe'],
    });
    this.ended = logPath === undefined ? this.#exit() : this.#logAndExit(logPath);
  }

  /** Snakemake's output goes where ours goes. */
  static inherit(context: CliContext, call: SnakemakeCall): SnakemakeProcess {
    return new SnakemakeProcess(context, call, undefined);
  }

  /** Snakemake's output goes to a file, since a table has the terminal. */
  static logged(context: CliContext, call: SnakemakeCall, logPath: string): SnakemakeProcess {
    return new SnakemakeProcess(context, call, logPath);
  }

  get abandoned(): boolean {
    return this.#abandoned;
  }

  /**
   * Ends Snakemake without its cleaning up: on a polite signal it would cancel its steps, or wait for them. The core is in
   * a session of its own and goes on.
   */
  abandon(): void {
    this.#abandoned = true;
    this.#child.kill('SIGKILL');
  }

  lastWords(): readonly string[] {
    return this.#tail;
  }

  #exit(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#child.once('error', (cause) => {
        const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
        reject(
          new KonvergeError(
            'core-not-startable',
            missing ? 'there is no snakemake in PATH' : `snakemake: ${cause.message}`,
            {
              hint: 'Install it beside konverge: pip install "snakemake>=9.25,<10"',
              cause,
            },
          ),
        );
      });
      this.#child.once('close', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 1)));
    });
  }

  async #logAndExit(logPath: string): Promise<number> {
    const log = createWriteStream(logPath, { flags: 'a' });
    const readers = [this.#child.stdout, this.#child.stderr].map(async (stream) => {
      if (!stream) return;
      for await (const line of createInterface({ input: stream })) {
        log.write(`${line}\n`);
        this.facts.feed(line);
        if (line.trim() === '') continue;
        this.#tail.push(line);
        if (this.#tail.length > lastLines) this.#tail.shift();
      }
    });
    const code = await this.#exit();
    await Promise.all(readers);
    await new Promise<void>((resolve) => log.end(resolve));
    return code;
  }
}
