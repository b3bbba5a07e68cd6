import { type ChildProcess, spawn } from 'node:child_process';
import { type SpawnerAnswer, type SpawnerRequest, spawnerMain } from './spawner-process.ts';
import type { WrapperExit } from './step-outcome.ts';

/** A wrapper to be started. */
export interface WrapperRequest {
  readonly args: readonly string[];
  readonly cwd: string;
  readonly stdout: string;
  readonly stderr: string;
  /** The caller's environment: many steps share one object, which is then sent once. */
  readonly environment: Readonly<Record<string, string>>;
  readonly added: Readonly<Record<string, string>>;
}

/** What becomes of it. First `started` or `failed`; after `started`, `ended`. `lost` may come at any time, and is the last. */
export interface WrapperEvents {
  started(pid: number): void;
  failed(error: NodeJS.ErrnoException): void;
  ended(exit: WrapperExit): void;
  /** The spawner process is gone; the wrapper, if it was started, goes on and can be found by its status file. */
  lost(): void;
}

/** How many environments the spawner process is trusted to remember. */
const maxEnvironments = 64;

/**
 * Starts wrappers from a small process beside the core. To start a process, Node forks, and to fork a process is the dearer
 * the more memory it has (about 1 ms per 100 MB), and stops it meanwhile: the core with its store and thousands of steps would
 * start some 50 a second and answer nobody. The spawner has 45 MB, and the core goes on.
 *
 * It ends with its channel to the core, so a killed core leaves none behind. If it is killed itself, another one is started
 * with the next step.
 */
export class Spawner {
  private process: ChildProcess | undefined;
  private readonly pending = new Map<number, WrapperEvents>();
  private environments = new Map<object, number>();
  private nextId = 0;
  private closed = false;

  start(request: WrapperRequest, events: WrapperEvents): void {
    const id = this.nextId++;
    this.pending.set(id, events);
    const child = (this.process ??= this.open());
    const { environment, ...rest } = request;
    send(child, { kind: 'spawn', id, ...rest, environment: this.environmentId(child, environment) });
  }

  /** Wrappers go on; nothing more is heard of them. */
  close(): void {
    this.closed = true;
    this.pending.clear();
    const child = this.process;
    if (child === undefined) return;
    child.unref();
    if (child.connected) child.disconnect();
  }

  private open(): ChildProcess {
    // Not the core's NODE_OPTIONS: they may open a debugger port or load a profiler.
    const { NODE_OPTIONS: _options, ...env } = process.env;
    const child = spawn(process.execPath, ['-e', `(${spawnerMain.toString()})()`], {
      env,
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      // Out of reach of signals to the core's process group.
      detached: true,
    });
    child.on('message', (message) => this.tell(message as SpawnerAnswer));
    child.on('error', () => this.gone(child));
    child.once('exit', () => this.gone(child));
    return child;
  }

  private tell(answer: SpawnerAnswer): void {
    const events = this.pending.get(answer.id);
    if (events === undefined) return;
    switch (answer.kind) {
      case 'started':
        return events.started(answer.pid);
      case 'failed':
        this.pending.delete(answer.id);
        return events.failed(Object.assign(new Error(answer.message), { code: answer.code }));
      case 'ended':
        this.pending.delete(answer.id);
        return events.ended({ code: answer.code, signal: answer.signal });
    }
  }

  private gone(child: ChildProcess): void {
    if (this.closed || this.process !== child) return;
    this.process = undefined;
    this.environments = new Map();
    const lost = [...this.pending.values()];
    this.pending.clear();
    for (const events of lost) events.lost();
  }

  private environmentId(child: ChildProcess, variables: Readonly<Record<string, string>>): number {
    const known = this.environments.get(variables);
    if (known !== undefined) return known;
    const environment = this.nextId++ % maxEnvironments;
    for (const [other, number] of this.environments) if (number === environment) this.environments.delete(other);
    this.environments.set(variables, environment);
    send(child, { kind: 'environment', environment, variables });
    return environment;
  }
}

function send(child: ChildProcess, request: SpawnerRequest): void {
  // An error here is followed by the end of the process, which tells everybody.
  if (child.connected) child.send(request, () => undefined);
}
