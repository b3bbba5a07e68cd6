import { type ChildProcess, fork } from 'node:child_process';
import { KonvergeError } from '../domain/error.ts';
import type { Logger } from '../ports/logger.ts';
import type { AgentAccess, AgentCall, FromAgent, ToAgent } from './protocol.ts';

/** The process ended before it answered. */
export class AgentGone extends Error {}

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** How long a process may take to end after its channel is closed. */
const endPatienceMs = 5000;

/**
 * One agent process and the channel to it. What it must know, credentials above all, goes over the channel and through its
 * environment only: nothing of it is in argv or on a disk.
 */
export class AgentChannel {
  readonly gone: Promise<void>;
  private readonly child: ChildProcess;
  private readonly logger: Logger;
  private readonly pending = new Map<number, Pending>();
  private nextId = 0;
  private retired = false;
  private over = false;
  /** Whether it has ever answered a call: one that never did may be unable to. */
  answered = false;

  constructor(entry: string, environment: Readonly<Record<string, string>>, logger: Logger) {
    this.logger = logger;
    this.child = fork(entry, [], {
      env: { ...environment },
      execArgv: [],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      // Out of reach of signals to the core's process group.
      detached: true,
    });
    this.child.on('message', (message) => this.hear(message as FromAgent));
    // What was sent before the end is heard after it: the channel closes when all has been read.
    const closed = new Promise<void>((resolve) => void this.child.once('disconnect', resolve));
    const ended = new Promise<void>((resolve) => void this.child.once('exit', () => resolve()));
    const failed = new Promise<void>((resolve) => {
      this.child.on('error', (error) => {
        this.logger.error({ error: error.message }, 'the agent process or its channel failed');
        if (this.child.pid === undefined) resolve();
      });
    });
    this.gone = Promise.race([Promise.all([closed, ended]), failed]).then(() => this.end());
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  get usable(): boolean {
    return !this.over && !this.retired && this.child.connected;
  }

  configure(stateDir: string, access: AgentAccess): void {
    this.send({ kind: 'configure', stateDir, access });
  }

  /**
   * Rejects with `AgentGone` if the process ends first. An aborted call is cancelled over there and then rejects with the
   * signal's reason, when nothing of it is left open.
   */
  async call(call: AgentCall, signal: AbortSignal | undefined): Promise<unknown> {
    signal?.throwIfAborted();
    if (this.over) throw new AgentGone();
    const id = this.nextId++;
    const answer = Promise.withResolvers<unknown>();
    this.pending.set(id, answer);
    const cancel = (): void => this.send({ kind: 'cancel', id });
    signal?.addEventListener('abort', cancel, { once: true });
    this.send({ kind: 'call', id, call });
    try {
      return await answer.promise;
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    } finally {
      signal?.removeEventListener('abort', cancel);
      this.pending.delete(id);
      this.closeIfRetired();
    }
  }

  /** No more calls; the process ends when those that run have been answered. */
  retire(): void {
    this.retired = true;
    this.closeIfRetired();
  }

  /** Ends the process now. Calls that run reject; what they had opened is found in their journals. */
  async close(): Promise<void> {
    this.retired = true;
    if (this.child.connected) this.child.disconnect();
    const kill = setTimeout(() => this.child.kill('SIGKILL'), endPatienceMs);
    await this.gone;
    clearTimeout(kill);
  }

  private closeIfRetired(): void {
    if (this.retired && this.pending.size === 0 && this.child.connected) this.child.disconnect();
  }

  private send(message: ToAgent): void {
    // An error here is followed by the end of the process, which everybody hears of.
    if (this.child.connected) this.child.send(message, () => undefined);
  }

  private hear(message: FromAgent): void {
    switch (message.kind) {
      case 'log':
        this.logger[message.level]({ ...message.facts, agent: this.child.pid }, message.message);
        return;
      case 'returned':
        this.answered = true;
        this.pending.get(message.id)?.resolve(message.value);
        return;
      case 'failed': {
        this.answered = true;
        const { code, message: text, hint } = message.error;
        this.pending.get(message.id)?.reject(new KonvergeError(code, text, { hint }));
      }
    }
  }

  private end(): void {
    this.over = true;
    for (const { reject } of this.pending.values()) reject(new AgentGone());
  }
}
