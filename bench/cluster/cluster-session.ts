import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { stateDirOf } from '../../src/config/state-dir.ts';
import { connectCore } from '../../src/frontends/client/connect.ts';
import type { CoreClient } from '../../src/frontends/client/core-client.ts';
import {
  BatchTaken,
  Cancelled,
  HeartbeatAnswer,
  Previews,
  SessionOpened,
  StepEvent,
} from '../../src/frontends/http/schemas.ts';
import { testbed } from './testbed.ts';

/** `toldMs`: when it came here, which is finer than the times of a cluster. */
type Event = z.infer<typeof StepEvent> & { readonly toldMs: number };

/** What a step asks for beyond a pod of the default image. */
export interface StepChange {
  readonly inputs?: readonly string[];
  readonly container?: string;
  /** As a rule states them. */
  readonly resources?: Readonly<Record<string, string | number>>;
}

const cancelTries = 10;

export interface Step extends Readonly<Record<string, unknown>> {
  readonly ref: string;
}

/** A core of its own with the Kubernetes engine on the testbed, spoken to as a front end does. */
export class ClusterSession {
  readonly prefix: string;
  private readonly directory: string;
  private readonly core: CoreClient;
  private readonly session: string;
  private readonly heartbeat: NodeJS.Timeout;
  private readonly events: Event[] = [];
  private readonly waiting = new Set<() => void>();

  private constructor(directory: string, core: CoreClient, opened: z.infer<typeof SessionOpened>) {
    this.directory = directory;
    this.core = core;
    this.session = opened.session;
    this.prefix = `bench/${this.session}`;
    this.heartbeat = setInterval(() => {
      core.call('POST', `/v1/sessions/${this.session}/heartbeat`, HeartbeatAnswer, {}).catch(() => undefined);
    }, opened.heartbeatMs);
    void this.follow();
  }

  /** `configuration`: its konverge.yaml. */
  static async open(configuration: string): Promise<ClusterSession> {
    const directory = mkdtempSync(join(tmpdir(), 'konverge-bench-'));
    writeFileSync(join(directory, 'konverge.yaml'), configuration);
    const entry = join(import.meta.dirname, '../../src/konverge.ts');
    const core = await connectCore(stateDirOf(directory), { command: [process.execPath, entry], engine: 'kubernetes' });
    const opened = await core.call('POST', '/v1/sessions', SessionOpened, {
      frontEnd: 'bench',
      version: '1',
      workdir: directory,
      pid: process.pid,
      host: hostname(),
      environment: {},
      storage: { stores: { s3: testbed.store }, environment: {} },
    });
    return new ClusterSession(directory, core, opened);
  }

  /** A step that reads `inputs` and writes one file through the bucket. Keys are below the session's prefix. */
  step(name: string, command: string, { inputs = [], container, resources = {} }: StepChange = {}): Step {
    const at = (key: string) => ({ store: 's3', bucket: testbed.bucket, key: `${this.prefix}/${key}` });
    return {
      ref: name,
      rule: 'bench',
      label: name,
      attempt: 1,
      threads: 1,
      inputs: inputs.map((path) => ({ path, version: '1' })),
      outputs: [`${name}.txt`],
      logs: [],
      resources: stated({ mem_mb: 64, ...resources }),
      ...(container !== undefined && { container }),
      execution: { mode: 'direct', shell: 'sh', commands: [command] },
      cwd: this.directory,
      env: {},
      staging: {
        by: 'agent',
        area: at('.konverge'),
        inputs: inputs.map((path) => ({ path, at: at(path) })),
        outputs: [{ path: `${name}.txt`, at: at(`${name}.txt`), kind: 'file', touch: false, update: false }],
        logs: [],
        inner: [],
      },
    };
  }

  /** Why nothing makes the kind that this step needs; undefined if something does. Throws if it is refused for another reason. */
  async whyUnserved(step: Step): Promise<string | undefined> {
    const { results } = await this.core.call('POST', '/v1/explain', Previews, { steps: [step] });
    const error = results[0]?.error;
    if (error !== undefined && error.code !== 'kind-unserved') throw new Error(`step ${step.ref}: ${error.message}`);
    return error?.message;
  }

  /** The kinds of object that they become, in their order. */
  async submit(steps: readonly Step[]): Promise<readonly string[]> {
    const { results } = await this.core.call('POST', `/v1/sessions/${this.session}/steps`, BatchTaken, { steps });
    const refused = results.find(({ outcome }) => outcome !== 'accepted');
    if (refused) throw new Error(`step ${refused.ref}: ${refused.outcome} ${refused.error?.message ?? ''}`);
    return results.map(({ kind }) => kind ?? 'none');
  }

  /** All events of a step until it is over. Throws if it did not succeed. */
  async over(ref: string): Promise<readonly Event[]> {
    const isOver = (event: Event): boolean => ['succeeded', 'failed', 'cancelled'].includes(event.state);
    await this.until(() => this.events.some((event) => event.ref === ref && isOver(event)));
    const mine = this.events.filter((event) => event.ref === ref);
    const end = mine.find(isOver);
    if (end?.state !== 'succeeded') throw new Error(`step ${ref}: ${end?.state}: ${end?.reason}`);
    return mine;
  }

  /** Until what was observed so far fulfils it. */
  async until(condition: (events: readonly Event[]) => boolean): Promise<void> {
    while (!condition(this.events)) await new Promise<void>((resolve) => this.waiting.add(resolve));
  }

  /** Ends what still runs or waits, and waits for that: a thousand steps take a while. */
  async close(): Promise<void> {
    for (let tries = 0; tries < cancelTries; tries += 1) {
      const path = `/v1/sessions/${this.session}/cancel`;
      const { stillRunning } = await this.core.call('POST', path, Cancelled, { waitMs: 60_000 });
      if (stillRunning === 0) break;
    }
    clearInterval(this.heartbeat);
    await this.core.call('DELETE', `/v1/sessions/${this.session}`, z.undefined());
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }

  private async follow(): Promise<void> {
    for await (const event of this.core.records(`/v1/sessions/${this.session}/events?after=0`, StepEvent)) {
      this.events.push({ ...event, toldMs: performance.now() });
      for (const wake of this.waiting) wake();
      this.waiting.clear();
    }
  }
}

function stated(values: Readonly<Record<string, string | number>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { value, stated: true }]));
}
