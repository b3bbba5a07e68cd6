import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { StepId } from '../../domain/brand.ts';
import { asKonvergeError, KonvergeError } from '../../domain/error.ts';
import { type Failure, failure } from '../../domain/failure.ts';
import { allKindsServed } from '../../domain/kind-selection.ts';
import type { KubernetesSettings } from '../../domain/kubernetes-settings.ts';
import type { Queue } from '../../domain/queue.ts';
import type { Engine, EngineCapabilities, EngineHost, LogOptions, WorkOrder } from '../../ports/engine.ts';
import { kubernetesCapabilities } from './capabilities.ts';
import { openClusterClient } from './client/open-client.ts';
import { Cluster } from './cluster.ts';
import { explainOrder } from './explain-order.ts';
import { KubernetesRun } from './kubernetes-run.ts';
import { directoryRefusal } from './pod/workplace.ts';
import { runIdOf } from './run-id.ts';
import { logFilesOf } from './step-log-files.ts';
import { readStepLog } from './step-logs.ts';

export interface KubernetesEngineOptions {
  readonly settings: KubernetesSettings;
  /** Absolute; the engine keeps its notes below it. One engine at a time. */
  readonly stateDir: string;
  readonly workdir: string;
  /** Of konverge, for the API server's audit log. */
  readonly version: string;
}

/**
 * Runs steps as workloads of a Kubernetes cluster, admitted by Kueue. Read on in: kubernetes-run.ts (the way of one step),
 * kinds/ (what object it becomes), pod/ (the pod in which it runs), observe/ (what is seen of it), kueue/ (its queue), client/
 * (the API server). It reaches the cluster with `recover`, which every core calls before it takes steps.
 */
export class KubernetesEngine implements Engine {
  readonly name = 'kubernetes';
  private readonly options: KubernetesEngineOptions;
  private readonly stateDir: string;
  private readonly host: EngineHost;
  private readonly run: string;
  private opened: Promise<KubernetesRun> | undefined;
  private current: KubernetesRun | undefined;
  /** The core holds its engine while no session is attached. */
  private held = false;
  private readonly changes = new Set<() => void>();

  constructor(options: KubernetesEngineOptions, host: EngineHost) {
    this.options = options;
    this.stateDir = join(options.stateDir, 'kubernetes');
    mkdirSync(this.stateDir, { recursive: true, mode: 0o700 });
    this.run = runIdOf(this.stateDir, options.workdir);
    this.host = {
      ...host,
      observe: (observations) => {
        host.observe(observations);
        for (const wake of this.changes) wake();
      },
    };
  }

  /** Before the cluster was reached: what this version could do on one. */
  get capabilities(): EngineCapabilities {
    return kubernetesCapabilities(this.current?.cluster.kinds ?? allKindsServed());
  }

  get namespace(): string | undefined {
    return this.current?.cluster.client.namespace;
  }

  queues(): readonly Queue[] {
    return this.current?.cluster.queues ?? [];
  }

  check(order: WorkOrder): KonvergeError | undefined {
    return this.current ? this.current.cluster.refusalOf(order) : notReached();
  }

  checkDirectory(directory: string): KonvergeError | undefined {
    return directoryRefusal(directory, this.options.settings);
  }

  launch(orders: readonly WorkOrder[]): void {
    if (this.current) return this.current.launch(orders);
    this.reach([]).then(
      (run) => run.launch(orders),
      (thrown: unknown) => this.refuse(orders, asKonvergeError(thrown)),
    );
  }

  /** Reaches the cluster. Throws `cluster-unconfigured`, `cluster-unreachable`, `cluster-forbidden`, `crd-missing`, `queue-unknown`. */
  async recover(orders: readonly WorkOrder[]): Promise<void> {
    if (this.current) {
      this.current.launch(orders);
      return;
    }
    await this.reach(orders);
  }

  cancel(steps: readonly StepId[]): void {
    void this.opened?.then(
      (run) => run.cancel(steps),
      () => undefined,
    );
  }

  hold(held: boolean): void {
    this.held = held;
    this.current?.hold(held);
  }

  logs(step: StepId, options: LogOptions): AsyncIterable<Uint8Array> {
    const { steps } = this.required();
    return readStepLog(
      step,
      {
        stateDir: this.stateDir,
        staging: this.host.staging,
        step: () => steps.get(step),
        changed: (signal) => this.changed(signal),
      },
      options,
    );
  }

  logPaths(step: StepId): { readonly stdout: string; readonly stderr: string } {
    const { stdout, stderr } = logFilesOf(this.stateDir, step);
    return { stdout, stderr };
  }

  plan(order: WorkOrder): unknown {
    return explainOrder(order, this.required().cluster);
  }

  whyQueued(step: StepId): string | undefined {
    return this.current?.whyQueued(step);
  }

  async whyQueuedNow(step: StepId): Promise<string | undefined> {
    return await this.current?.whyQueuedNow(step);
  }

  async changePriority(step: StepId, priorityClass: string, signal?: AbortSignal): Promise<void> {
    await this.required().changePriority(step, priorityClass, signal);
  }

  keepsPlace(step: StepId): boolean {
    return this.current?.keepsPlace(step) ?? false;
  }

  async close(): Promise<void> {
    // One that never opened has closed what it had.
    const run = await this.opened?.catch(() => undefined);
    await run?.close();
  }

  private reach(orders: readonly WorkOrder[]): Promise<KubernetesRun> {
    this.opened ??= this.open(orders).then((run) => {
      this.current = run;
      run.hold(this.held);
      return run;
    });
    return this.opened;
  }

  private refuse(orders: readonly WorkOrder[], { code, message, hint }: KonvergeError): void {
    const why: Failure = { ...failure('never-admissible', message), hint, code };
    const atMs = this.host.clock.nowMs();
    this.host.observe(orders.map(({ id }) => ({ step: id, state: 'failed', failure: why, usage: [], atMs })));
  }

  private async open(orders: readonly WorkOrder[]): Promise<KubernetesRun> {
    const { settings, version } = this.options;
    const client = await openClusterClient({
      ...settings,
      userAgent: `konverge/${version} (core)`,
      fieldManager: 'konverge',
      logger: this.host.logger,
      clock: this.host.clock,
    });
    try {
      const cluster = await Cluster.open(client, this.run, settings);
      for (const what of cluster.unknown) this.host.logger.warn({ namespace: client.namespace }, what);
      return await KubernetesRun.open(cluster, this.stateDir, this.host, orders);
    } catch (error) {
      await client.close();
      throw error;
    }
  }

  private required(): KubernetesRun {
    if (this.current === undefined) throw notReached();
    return this.current;
  }

  /** Of any step: log readers look again, and there are few of them. */
  private changed(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.changes.delete(wake);
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      this.changes.add(wake);
      signal?.addEventListener('abort', wake, { once: true });
    });
  }
}

function notReached(): KonvergeError {
  return new KonvergeError('cluster-unreachable', 'the cluster has not been reached yet');
}
