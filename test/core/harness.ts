import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { Core } from '../../src/app/core.ts';
import type { OpenSession, SessionRequest } from '../../src/app/sessions.ts';
import type { SubmitResult } from '../../src/app/submit.ts';
import type { SessionId } from '../../src/domain/brand.ts';
import type { StepEvent } from '../../src/domain/event.ts';
import type { Observation } from '../../src/domain/observation.ts';
import { isEnd } from '../../src/domain/state.ts';
import type { StepSpec } from '../../src/domain/step.ts';
import { defaultLocalSettings, type QueueSettings } from '../../src/engines/local/config.ts';
import { createEngineFactory } from '../../src/engines/registry.ts';
import { silentLogger } from '../../src/ports/logger.ts';
import { noStaging } from '../../src/ports/no-staging.ts';
import type { Staging } from '../../src/ports/staging.ts';
import { SqliteRunStore } from '../../src/storage/sqlite/sqlite-run-store.ts';

/** Far above what any case needs: a deadline is a failure, never a measure. */
export const patienceMs = 30_000;

export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'konverge-core-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** For what nobody announces: files, and processes of others. */
export async function eventually(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (const untilMs = Date.now() + patienceMs; !(await condition()); await pause(10)) {
    if (Date.now() > untilMs) throw new Error(`waited in vain for ${what}`);
  }
}

export function queue(name: string, cpu: number, more: Partial<QueueSettings> = {}): QueueSettings {
  return { name, priority: 0, cpuMillis: cpu * 1000, memoryBytes: 4 * 2 ** 30, gpu: 0, custom: {}, ...more };
}

export interface CoreUnderTestOptions {
  /** That of an earlier core, whose store and steps are taken over. */
  readonly directory?: string;
  readonly queues?: readonly QueueSettings[];
  readonly isAlive?: () => boolean;
  /** Default: none; every step works in place. */
  readonly staging?: Staging;
  /** What the core hears of an engine that says other things than the local one. */
  readonly hears?: (observation: Observation) => Observation;
}

/** A core in this process, with the real engine and the real store, in a directory of its own. */
export class CoreUnderTest {
  readonly directory: string;
  readonly core: Core;
  readonly store: SqliteRunStore;
  /** Added to the wall clock. */
  aheadMs = 0;
  #closed = false;

  private constructor(options: CoreUnderTestOptions) {
    this.directory = options.directory ?? temporaryDirectory();
    const stateDir = join(this.directory, 'state');
    this.store = new SqliteRunStore(join(stateDir, 'store.sqlite'));
    const createEngine = createEngineFactory('local', {
      stateDir,
      workdir: this.directory,
      // A short grace, so that a step that ignores SIGTERM does not hold up the suite.
      configuration: { ...defaultLocalSettings, cancelGraceMs: 300, queues: options.queues ?? [queue('default', 4)] },
    });
    const { hears = (observation) => observation } = options;
    this.core = new Core({
      store: this.store,
      staging: options.staging ?? noStaging,
      createEngine: (host) => createEngine({ ...host, observe: (all) => host.observe(all.map(hears)) }),
      clock: { nowMs: () => Date.now() + this.aheadMs },
      logger: silentLogger,
      isAlive: options.isAlive ?? (() => true),
    });
  }

  /** Recovered, without a session. Whatever still runs when the test is over is ended. */
  static async open(options: CoreUnderTestOptions = {}): Promise<CoreUnderTest> {
    const opened = new CoreUnderTest(options);
    onTestFinished(async () => {
      if (opened.#closed) return;
      await opened.core.cancel({}, AbortSignal.timeout(patienceMs));
      await opened.close();
    });
    await opened.core.recover();
    return opened;
  }

  /** As a core that ends: what runs goes on. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.core.close();
  }

  attach(more: Partial<SessionRequest> = {}): OpenSession {
    return this.core.openSession({
      frontEnd: 'test',
      workdir: this.directory,
      pid: process.pid,
      host: 'here',
      environment: { PATH: process.env['PATH'] ?? '' },
      ...more,
    });
  }

  submit(session: SessionId, specs: readonly StepSpec[], adoptOnly = false): Promise<readonly SubmitResult[]> {
    return this.core.submit(
      session,
      specs.map((spec) => ({ ref: spec.ref, spec })),
      { adoptOnly },
    );
  }

  /** The events so far and on, until one fulfils the condition. */
  async eventsUntil(
    condition: (event: StepEvent, all: readonly StepEvent[]) => boolean,
    after = 0,
  ): Promise<StepEvent[]> {
    const all: StepEvent[] = [];
    for await (const page of this.core.feed.read(after, { signal: AbortSignal.timeout(patienceMs) })) {
      for (const event of page) {
        all.push(event);
        if (condition(event, all)) return all;
      }
    }
    throw new Error(`waited in vain for an event; seen: ${JSON.stringify(all.slice(-20))}`);
  }

  /** The end of a step, by its ref. */
  async endOf(ref: string, after = 0): Promise<StepEvent> {
    const all = await this.eventsUntil((event) => event.ref === ref && isEnd(event.state), after);
    return all.at(-1) as StepEvent;
  }

  async running(ref: string, after = 0): Promise<StepEvent> {
    const all = await this.eventsUntil((event) => event.ref === ref && event.state === 'running', after);
    return all.at(-1) as StepEvent;
  }

  /** How many records the core keeps in memory. */
  get held(): number {
    return this.core.unfinishedBefore('nobody' as SessionId);
  }
}

export function outcomes(results: readonly SubmitResult[]): string[] {
  return results.map((result) => (result.outcome === 'refused' ? result.error.code : result.outcome));
}
