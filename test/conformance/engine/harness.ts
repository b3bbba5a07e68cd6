import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, test } from 'vitest';
import type { StepId } from '../../../src/domain/brand.ts';
import type { Observation } from '../../../src/domain/observation.ts';
import { isEnd } from '../../../src/domain/state.ts';
import type { StepSpec } from '../../../src/domain/step.ts';
import type { QueueSettings } from '../../../src/engines/local/config.ts';
import type { Engine, EngineHost, WorkOrder } from '../../../src/ports/engine.ts';
import { silentLogger } from '../../../src/ports/logger.ts';
import { noStaging } from '../../../src/ports/no-staging.ts';
import type { Staging } from '../../../src/ports/staging.ts';
import type { CaseSubject, Need, OnFinished, Place, Subject } from './subject.ts';
import { subjects } from './subjects.ts';

/** Far above what any case needs: a deadline is a failure, never a measure. */
export const patienceMs = 60_000;

export type EndObservation = Extract<Observation, { readonly state: 'succeeded' | 'failed' | 'cancelled' }>;

export type UploadedObservation = Extract<Observation, { readonly state: 'uploaded' }>;

export type EachCase = (name: string, run: (subject: CaseSubject) => Promise<void>, ...needs: readonly Need[]) => void;

/** The same cases over every engine; where one cannot do it, the report says why. */
export function overEngines(title: string, cases: (eachCase: EachCase) => void): void {
  for (const subject of subjects) {
    describe(`${subject.name}: ${title}`, { concurrent: subject.concurrent }, () => {
      cases((name, run, ...needs) => {
        const reason = whyNot(subject, needs);
        if (reason === undefined) {
          test(name, { timeout: 4 * patienceMs }, (context) =>
            run({ ...subject, onFinished: (clean) => context.onTestFinished(clean) }),
          );
        } else test.skip(`${name} (${reason})`);
      });
    });
  }
}

function whyNot(subject: Subject, needs: readonly Need[]): string | undefined {
  for (const need of needs) {
    const unsupported = subject.unsupported[need];
    if (unsupported !== undefined) return `not supported: ${unsupported}`;
    const lack = subject.lack(need);
    if (lack !== undefined) return lack;
  }
  return undefined;
}

/** What these cases call a cpu, in thousandths: a tenth, so that those that run at once fit a small machine together. */
export const oneCpu = 100;

export function queue(name: string, cpus: number, more: Partial<QueueSettings> = {}): QueueSettings {
  return { name, priority: 0, cpuMillis: cpus * oneCpu, memoryBytes: 4 * 2 ** 30, gpu: 0, custom: {}, ...more };
}

/** An engine in a directory of its own, everything that it has said, and ways to wait for it. */
export class Harness {
  readonly directory: string;
  readonly place: Place;
  readonly engine: Engine;
  readonly observed: Observation[] = [];
  environment: Readonly<Record<string, string>> = { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent' };
  private readonly waiters = new Set<() => void>();
  private readonly launched = new Set<StepId>();
  private sequence = 0;
  /** By the test itself: then its steps are another engine's. */
  private closed = false;

  private constructor(subject: CaseSubject, place: Place, staging: Staging) {
    this.directory = place.directory;
    this.place = place;
    const host: EngineHost = {
      observe: (observations) => {
        this.observed.push(...observations);
        for (const { step } of observations) this.launched.add(step);
        for (const wake of this.waiters) wake();
      },
      environmentOf: () => this.environment,
      ownVariablesOf: () => ({}),
      staging,
      clock: { nowMs: () => Date.now() },
      logger: silentLogger,
    };
    this.engine = subject.open(place, host);
  }

  /** Closed, and everything of it removed, when the case is over. */
  static async open(
    subject: CaseSubject,
    queues: readonly QueueSettings[] = [queue('default', 4)],
    staging: Staging = noStaging,
  ): Promise<Harness> {
    const harness = Harness.over(subject, await openPlace(subject, queues), staging);
    await harness.engine.recover([]);
    return harness;
  }

  /** A further engine over a place, which has to recover what another one has left. Closed when the case is over. */
  static over(subject: CaseSubject, place: Place, staging: Staging = noStaging): Harness {
    const harness = new Harness(subject, place, staging);
    subject.onFinished(() => harness.close());
    return harness;
  }

  /** What a failed test left running is ended, also what another engine over the same directory has started. */
  private async close(): Promise<void> {
    const isOver = (id: StepId): boolean => this.endOf(id) !== undefined || this.statesOf(id).includes('uploaded');
    const running = this.closed ? [] : [...this.launched].filter((id) => !isOver(id));
    if (running.length > 0) this.engine.cancel(running);
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
      kind: (spec.services ?? []).length > 0 ? 'jobset' : 'job',
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
        resources: { cpuMillis: oneCpu, custom: {} },
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

  async log(id: StepId, stream: 'stdout' | 'stderr' = 'stdout', offset = 0): Promise<string> {
    let text = '';
    for await (const chunk of this.engine.logs(id, { stream, follow: false, offset }))
      text += Buffer.from(chunk).toString();
    return text;
  }

  /** Follows the output of a step until it has written this much. */
  async printed(id: StepId, expected: string): Promise<void> {
    let text = '';
    const signal = AbortSignal.timeout(patienceMs);
    for await (const chunk of this.engine.logs(id, { stream: 'stdout', follow: true, signal })) {
      text += Buffer.from(chunk).toString();
      if (text === expected) return;
    }
    throw new Error(`waited in vain for ${JSON.stringify(expected)}; ${id} printed ${JSON.stringify(text)}`);
  }
}

/** A directory with the queues of a case, removed when the case is over. */
export async function openPlace(
  subject: CaseSubject,
  queues: readonly QueueSettings[] = [queue('default', 4)],
): Promise<Place> {
  const place = { directory: temporaryDirectory(subject.onFinished), queues };
  const remove = await subject.prepare(place);
  subject.onFinished(remove);
  return place;
}

function temporaryDirectory(onFinished: OnFinished): string {
  const directory = mkdtempSync(join(tmpdir(), 'konverge-engine-'));
  onFinished(() => rmSync(directory, { recursive: true, force: true }));
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

let sleeps = 0;

/** A command that sleeps for so long that only somebody else ends it, and what of it still runs, in a pod of this machine too. */
export function endlessSleep(): { readonly command: string; running(): number } {
  const duration = `1000.${process.pid}${String(sleeps++).padStart(4, '0')}`;
  const isIt = (name: string): boolean => {
    try {
      const [program = '', argument] = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0');
      return program.endsWith('sleep') && argument === duration;
    } catch {
      return false;
    }
  };
  return {
    command: `sleep ${duration}`,
    running: () => readdirSync('/proc').filter((name) => /^\d+$/.test(name) && isIt(name)).length,
  };
}
