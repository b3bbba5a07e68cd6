import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { onTestFinished, test } from 'vitest';
import type { StepId } from '../../../src/domain/brand.ts';
import type { Observation } from '../../../src/domain/observation.ts';
import { isEnd } from '../../../src/domain/state.ts';
import type { StepSpec } from '../../../src/domain/step.ts';
import type { QueueSettings } from '../../../src/engines/local/config.ts';
import type { Engine, EngineHost, WorkOrder } from '../../../src/ports/engine.ts';
import { silentLogger } from '../../../src/ports/logger.ts';
import { noStaging } from '../../../src/ports/no-staging.ts';
import type { Staging } from '../../../src/ports/staging.ts';
import { type Need, type Subject, subjects } from './subjects.ts';

/** Far above what any case needs: a deadline is a failure, never a measure. */
export const patienceMs = 15_000;

export type EndObservation = Extract<Observation, { readonly state: 'succeeded' | 'failed' | 'cancelled' }>;

export type UploadedObservation = Extract<Observation, { readonly state: 'uploaded' }>;

/** The same case over every engine; where one cannot do it, the report says why. */
export function eachEngine(name: string, run: (subject: Subject) => Promise<void>, ...needs: readonly Need[]): void {
  for (const subject of subjects) {
    const reason = needs.map((need) => subject.unsupported[need]).find((text) => text !== undefined);
    if (reason === undefined) test(`${subject.name}: ${name}`, () => run(subject), 4 * patienceMs);
    else test.skip(`${subject.name}: ${name} (not supported: ${reason})`);
  }
}

export function queue(name: string, cpu: number, more: Partial<QueueSettings> = {}): QueueSettings {
  return { name, priority: 0, cpuMillis: cpu * 1000, memoryBytes: 4 * 2 ** 30, gpu: 0, custom: {}, ...more };
}

/** An engine in a directory of its own, everything that it has said, and ways to wait for it. */
export class Harness {
  readonly directory: string;
  readonly engine: Engine;
  readonly observed: Observation[] = [];
  environment: Readonly<Record<string, string>> = { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent' };
  private readonly waiters = new Set<() => void>();
  private readonly launched = new Set<StepId>();
  private sequence = 0;
  /** By the test itself: then its steps are another engine's. */
  private closed = false;

  private constructor(subject: Subject, queues: readonly QueueSettings[], directory: string, staging: Staging) {
    this.directory = directory;
    const host: EngineHost = {
      observe: (observations) => {
        this.observed.push(...observations);
        for (const { step } of observations) this.launched.add(step);
        for (const wake of this.waiters) wake();
      },
      environmentOf: () => this.environment,
      staging,
      clock: { nowMs: () => Date.now() },
      logger: silentLogger,
    };
    this.engine = subject.open({ stateDir: join(directory, 'state'), queues }, host);
  }

  /** Closed, and its directory removed, when the test is over. */
  static open(
    subject: Subject,
    queues: readonly QueueSettings[] = [queue('default', 4)],
    directory: string = temporaryDirectory(),
    staging: Staging = noStaging,
  ): Harness {
    const harness = new Harness(subject, queues, directory, staging);
    onTestFinished(() => harness.close());
    return harness;
  }

  /** What a failed test left running is ended, also what another engine over the same directory has started. */
  private async close(): Promise<void> {
    const isOver = (id: StepId): boolean => this.endOf(id) !== undefined || this.statesOf(id).includes('uploaded');
    const running = this.closed ? [] : [...this.launched].filter((id) => !isOver(id));
    this.engine.cancel(running);
    await Promise.allSettled(running.map((id) => this.end(id)));
    await this.engine.recover([]);
    await this.engine.close();
  }

  /** As a core that ends, or is killed: its steps go on. */
  async leave(): Promise<void> {
    this.closed = true;
    await this.engine.close();
  }

  /** A step that runs one command with bash. */
  order(command: string, more: Partial<StepSpec> & { readonly id?: string; readonly queue?: string } = {}): WorkOrder {
    const { id = `step-${this.sequence}`, queue: queueName = 'default', ...spec } = more;
    return {
      id: id as StepId,
      kind: 'job',
      queue: queueName,
      sequence: this.sequence++,
      spec: {
        ref: id,
        rule: 'rule',
        label: id,
        attempt: 1,
        priority: 0,
        inputs: [],
        outputs: [],
        logs: [],
        resources: { cpuMillis: 1000, custom: {} },
        execution: { mode: 'direct', shell: '/bin/bash', commands: [command] },
        cwd: this.directory,
        env: {},
        services: [],
        benchmark: false,
        ...spec,
      },
    };
  }

  /** Launches a step and waits for its end. */
  async run(order: WorkOrder): Promise<EndObservation> {
    this.engine.launch([order]);
    return this.end(order.id);
  }

  async end(id: StepId): Promise<EndObservation> {
    await this.until(() => this.endOf(id) !== undefined, `the end of ${id}`);
    return this.endOf(id) as EndObservation;
  }

  /** The last word of the engine on a step whose outputs are staged. */
  async uploaded(id: StepId): Promise<UploadedObservation> {
    const find = (): UploadedObservation | undefined =>
      this.observed.find((seen): seen is UploadedObservation => seen.step === id && seen.state === 'uploaded');
    await this.until(() => find() !== undefined, `the upload of ${id}`);
    return find() as UploadedObservation;
  }

  endOf(id: StepId): EndObservation | undefined {
    return this.observed.find(
      (seen): seen is EndObservation => seen.step === id && seen.state !== 'uploaded' && isEnd(seen.state),
    );
  }

  statesOf(id: StepId): string[] {
    return this.observed.filter(({ step }) => step === id).map(({ state }) => state);
  }

  reached(id: StepId, state: Observation['state']): Promise<void> {
    return this.until(() => this.statesOf(id).some((seen) => seen === state), `${id} to be ${state}`);
  }

  until(condition: () => boolean, what: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const deadline = setTimeout(() => {
        this.waiters.delete(look);
        reject(new Error(`waited in vain for ${what}; seen: ${JSON.stringify(this.observed.slice(-20))}`));
      }, patienceMs);
      const look = (): void => {
        if (!condition()) return;
        clearTimeout(deadline);
        this.waiters.delete(look);
        resolve();
      };
      this.waiters.add(look);
      look();
    });
  }

  async log(id: StepId, stream: 'stdout' | 'stderr' = 'stdout'): Promise<string> {
    let text = '';
    for await (const chunk of this.engine.logs(id, { stream, follow: false })) text += Buffer.from(chunk).toString();
    return text;
  }
}

export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'konverge-engine-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** For what nobody announces: files, and processes of others. */
export async function eventually(condition: () => boolean, what: string): Promise<void> {
  for (const untilMs = Date.now() + patienceMs; !condition(); await pause(10)) {
    if (Date.now() > untilMs) throw new Error(`waited in vain for ${what}`);
  }
}

/** Whether a process is there, other than as a zombie. */
export function processLives(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
