import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { agentEntry } from '../../src/daemon/agent-entry.ts';
import type { StepId } from '../../src/domain/brand.ts';
import type { ManifestRef } from '../../src/domain/manifest.ts';
import type { ObjectLocation, StoreSettings } from '../../src/domain/object-location.ts';
import type { StagedOutput, StagingPlan } from '../../src/domain/staging.ts';
import { type Logger, silentLogger } from '../../src/ports/logger.ts';
import type { ObjectStore } from '../../src/ports/object-store.ts';
import type { StagingJob, StorageAccess } from '../../src/ports/staging.ts';
import { AgentClient } from '../../src/staging/agent-client.ts';
import { readWhole } from '../../src/staging/read-whole.ts';
import { openObjectStore } from '../../src/storage/objects/registry.ts';

/** No signal of a test's own. */
export const never = new AbortController().signal;
export const succeeded = { succeeded: true, exitCode: 0 };

/** Where the tests of one kind of store keep their objects. */
export interface StoreUnderTest {
  readonly settings: StoreSettings;
  /** Keys of one test are below it. */
  readonly root: ObjectLocation;
}

/** The agent as the core has it, a process of its own, with one store called `main`. */
export class LiveAgent {
  readonly folder = mkdtempSync(join(tmpdir(), 'konverge-agent-'));
  readonly client: AgentClient;
  readonly store: ObjectStore;
  readonly access: StorageAccess;
  private readonly root: ObjectLocation;
  private jobs = 0;

  /** `observed`: settings by which the test itself looks at the store, past a proxy. */
  constructor({ settings, root }: StoreUnderTest, options: { observed?: StoreSettings; logger?: Logger } = {}) {
    this.root = root;
    this.store = openObjectStore(options.observed ?? settings);
    this.access = { stores: { main: settings }, environment: {} };
    const stateDir = join(this.folder, 'state');
    mkdirSync(stateDir);
    this.client = new AgentClient({ entry: agentEntry(), stateDir, logger: options.logger ?? silentLogger });
    onTestFinished(async () => {
      await this.client.close();
      this.store.close();
      rmSync(this.folder, { recursive: true, force: true });
    });
  }

  static configured(under: StoreUnderTest, options: { observed?: StoreSettings; logger?: Logger } = {}): LiveAgent {
    const agent = new LiveAgent(under, options);
    agent.client.configure(agent.access);
    return agent;
  }

  at(key: string): ObjectLocation {
    return { ...this.root, key: `${this.root.key}${key}` };
  }

  output(path: string, more: Partial<StagedOutput> = {}): StagedOutput {
    return { path, at: this.at(path), kind: 'file', touch: false, update: false, ...more };
  }

  input(path: string): { readonly path: string; readonly at: ObjectLocation } {
    return { path, at: this.at(path) };
  }

  job(plan: Partial<StagingPlan>): StagingJob {
    const step = `step${this.jobs++}-a1-g1` as StepId;
    const notes = join(this.folder, 'notes', step);
    mkdirSync(notes, { recursive: true });
    const empty = { by: 'agent', area: this.at('.area'), inputs: [], outputs: [], logs: [], inner: [] } as const;
    return { step, notes, workdir: join(this.folder, 'work', step), plan: { ...empty, ...plan } };
  }

  async put(key: string, content: string | Buffer): Promise<void> {
    await this.store.put(this.at(key), Buffer.from(content));
  }

  async content(key: string): Promise<string | undefined> {
    return (await readWhole(this.store, this.at(key), never))?.toString();
  }

  /** Keys below the root, without those of the area. */
  async keys(): Promise<readonly string[]> {
    const keys = await Array.fromAsync(this.store.list(this.root), ({ at }) => at.key.slice(this.root.key.length));
    return keys.filter((key) => !key.startsWith('.area/')).toSorted();
  }

  async manifests(): Promise<number> {
    return (await Array.fromAsync(this.store.list(this.at('.area/manifests/')))).length;
  }

  async openUploads(): Promise<number> {
    return (await Array.fromAsync(this.store.listUploads(this.root))).length;
  }

  /** What the command would have done. */
  write(job: StagingJob, files: Readonly<Record<string, string | Buffer>>): void {
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(job.workdir, path)), { recursive: true });
      writeFileSync(join(job.workdir, path), content);
    }
  }

  async collect(job: StagingJob): Promise<ManifestRef> {
    const ref = await this.client.collect(job, succeeded, [{ wallMs: 1000 }], never);
    if (ref === undefined) throw new Error('no manifest');
    return ref;
  }

  /** From the manifest on: what the core does. */
  async commit(ref: ManifestRef): Promise<void> {
    await this.client.commit(ref, never);
    await this.client.release(ref);
  }
}
