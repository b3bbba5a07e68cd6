import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, openSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { z } from 'zod';
import { type StateDir, stateDirOf } from '../../src/config/state-dir.ts';
import { CoreClient } from '../../src/frontends/client/core-client.ts';
import { BatchTaken, SessionOpened, StepEvent, StepList } from '../../src/frontends/http/schemas.ts';
import { patienceMs } from './harness.ts';

const entry = fileURLToPath(new URL('../../src/konverge.ts', import.meta.url));

/** `konverge core` as a process of its own, spoken to as a front end does. */
export class CoreProcess {
  readonly child: ChildProcess;
  readonly state: StateDir;
  readonly ready: Record<string, unknown>;
  readonly client: CoreClient;

  private constructor(child: ChildProcess, state: StateDir, ready: Record<string, unknown>) {
    this.child = child;
    this.state = state;
    this.ready = ready;
    this.client = new CoreClient(String(ready['socket']));
  }

  /** Resolves when it has said how it went, well or not. It is killed when the test is over. */
  static async start(workdir: string, ...args: readonly string[]): Promise<CoreProcess> {
    const state = stateDirOf(workdir);
    mkdirSync(state.path, { recursive: true });
    const child = spawn(process.execPath, [entry, 'core', '--workdir', workdir, ...args], {
      cwd: workdir,
      stdio: ['ignore', 'pipe', openSync(state.log, 'a')],
    });
    onTestFinished(() => CoreProcess.kill(child));
    const [line] = await Array.fromAsync(createInterface({ input: child.stdout as NodeJS.ReadableStream }));
    if (line === undefined) throw new Error(`the core said nothing: ${readFileSync(state.log, 'utf8')}`);
    return new CoreProcess(child, state, JSON.parse(line));
  }

  /** As `kill -9`; resolves when it is gone. */
  static async kill(child: ChildProcess): Promise<void> {
    child.kill('SIGKILL');
    await CoreProcess.exitOf(child);
  }

  static exitOf(child: ChildProcess): Promise<number | null> {
    if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode);
    return new Promise((resolve) => child.once('exit', resolve));
  }

  kill(): Promise<void> {
    return CoreProcess.kill(this.child);
  }

  get exit(): Promise<number | null> {
    return CoreProcess.exitOf(this.child);
  }

  open(more: Record<string, unknown> = {}): Promise<z.infer<typeof SessionOpened>> {
    return this.client.call('POST', '/v1/sessions', SessionOpened, {
      frontEnd: 'test',
      version: '0',
      workdir: this.state.workdir,
      pid: process.pid,
      host: 'elsewhere',
      environment: { PATH: process.env['PATH'] ?? '' },
      ...more,
    });
  }

  async submit(
    session: string,
    steps: readonly unknown[],
    adoptOnly = false,
  ): Promise<z.infer<typeof BatchTaken>['results']> {
    const { results } = await this.client.call('POST', `/v1/sessions/${session}/steps`, BatchTaken, {
      steps,
      adoptOnly,
    });
    return results;
  }

  async told(session: string, toldThrough: number): Promise<void> {
    await this.client.call('POST', `/v1/sessions/${session}/heartbeat`, z.unknown(), { toldThrough });
  }

  async close(session: string): Promise<void> {
    await this.client.call('DELETE', `/v1/sessions/${session}`, z.undefined());
  }

  async steps(): Promise<z.infer<typeof StepList>['steps']> {
    return (await this.client.call('GET', '/v1/steps', StepList)).steps;
  }

  /** The first event of a session after `after` that fulfils the condition. */
  async event(
    session: string,
    condition: (event: z.infer<typeof StepEvent>) => boolean,
    after = 0,
    withinMs = patienceMs,
  ): Promise<z.infer<typeof StepEvent>> {
    const path = `/v1/sessions/${session}/events?after=${after}`;
    for await (const event of this.client.records(path, StepEvent, AbortSignal.timeout(withinMs))) {
      if (condition(event)) return event;
    }
    throw new Error(`the events of ${session} ended: ${readFileSync(this.state.log, 'utf8').slice(-2000)}`);
  }

  /** The end of a step, by its ref. */
  endOf(session: string, ref: string, after = 0, withinMs = patienceMs): Promise<z.infer<typeof StepEvent>> {
    return this.event(
      session,
      (event) => event.ref === ref && /^(succeeded|failed|cancelled)$/.test(event.state),
      after,
      withinMs,
    );
  }

  running(session: string, ref: string): Promise<z.infer<typeof StepEvent>> {
    return this.event(session, (event) => event.ref === ref && event.state === 'running');
  }
}
