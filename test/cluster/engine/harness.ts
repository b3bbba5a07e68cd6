import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'vitest';
import { configurationFrom } from '../../../src/config/parse.ts';
import type { StepId } from '../../../src/domain/brand.ts';
import type { KubernetesSettings } from '../../../src/domain/kubernetes-settings.ts';
import type { Observation } from '../../../src/domain/observation.ts';
import type { ResourceRequest } from '../../../src/domain/resources.ts';
import { isEnd } from '../../../src/domain/state.ts';
import type { StepSpec } from '../../../src/domain/step.ts';
import type { ClusterClient } from '../../../src/engines/kubernetes/client/cluster-client.ts';
import { type KubernetesObject, type ResourceType, resources } from '../../../src/engines/kubernetes/client/object.ts';
import { Cluster } from '../../../src/engines/kubernetes/cluster.ts';
import { KubernetesEngine } from '../../../src/engines/kubernetes/engine.ts';
import { KubernetesRun } from '../../../src/engines/kubernetes/kubernetes-run.ts';
import { annotationKeys } from '../../../src/engines/kubernetes/labels.ts';
import { runIdOf } from '../../../src/engines/kubernetes/run-id.ts';
import { systemClock } from '../../../src/ports/clock.ts';
import type { Engine, EngineHost, WorkOrder } from '../../../src/ports/engine.ts';
import { silentLogger } from '../../../src/ports/logger.ts';
import { noStaging } from '../../../src/ports/no-staging.ts';
import { appsImage, openTestCluster, type TestCluster, testKubeconfig } from '../cluster.ts';
import { kindTypesOf } from './place.ts';

/** Far above what any case needs: a deadline is a failure, never a measure. */
const patienceMs = 180_000;

export const agentImage = 'docker.io/konverge/agent:dev';
/** With a shell, without Node. */
export const busyboxImage = 'docker.io/konverge/busybox:dev';
/** Without a shell. */
export const bareImage = 'docker.io/konverge/pause:dev';

export type EndObservation = Extract<Observation, { readonly state: 'succeeded' | 'failed' | 'cancelled' }>;
export type Failed = Extract<Observation, { readonly state: 'failed' | 'cancelled' }>;

/** Cases of a file run at once: most of their time is the cluster's. */
export function faultTest(name: string, body: () => Promise<void>, timeoutMs = 300_000): void {
  test.concurrent(name, { timeout: timeoutMs }, async (context: TestContext) => {
    if (testKubeconfig === undefined) context.skip('not possible here: no cluster (npm run test:cluster runs these)');
    await body();
  });
}

/** What a case may change of an order. */
export type OrderChange = Partial<Omit<StepSpec, 'resources'>> & {
  readonly id?: string;
  readonly kind?: WorkOrder['kind'];
  readonly queue?: string;
  readonly request?: Partial<ResourceRequest>;
};

export interface HarnessOptions {
  readonly settings?: Partial<KubernetesSettings>;
  /** Of an earlier engine, whose work this one takes up. */
  readonly directory?: string;
  readonly recover?: readonly WorkOrder[];
  /** No session is attached. */
  readonly held?: true;
  /** Of orders that name none; absent: `main`. */
  readonly queue?: string;
  /** A client that does what the real one does not. */
  readonly client?: (real: ClusterClient) => ClusterClient;
}

/** Either the whole engine or, with a client of the case's own, what is below it. */
type Driven = Pick<Engine, 'launch' | 'cancel' | 'hold' | 'close'> & Partial<Engine>;

/** An engine on the cluster, everything that it has said, and ways to wait for it without sleeping. */
export class ClusterHarness implements AsyncDisposable {
  readonly cluster: TestCluster;
  readonly directory: string;
  private readonly queue: string;
  readonly observed: Observation[] = [];
  private readonly waiters = new Set<() => void>();
  private readonly launched = new Set<StepId>();
  private driven: Driven | undefined;
  private real: ClusterClient | undefined;
  private left = false;
  private isFirst = true;

  private constructor(cluster: TestCluster, { directory, queue = 'main' }: HarnessOptions) {
    this.queue = queue;
    this.cluster = cluster;
    this.isFirst = directory === undefined;
    this.directory = directory ?? mkdtempSync(join(tmpdir(), 'konverge-cluster-engine-'));
  }

  static async open(cluster: TestCluster, options: HarnessOptions = {}): Promise<ClusterHarness> {
    const harness = new ClusterHarness(cluster, options);
    const settings: KubernetesSettings = {
      ...configurationFrom({}, 'test').kubernetes,
      kubeconfig: cluster.kubeconfig,
      namespace: cluster.namespace,
      defaultImage: appsImage,
      agentImage,
      graceMs: 2000,
      ...options.settings,
    };
    try {
      harness.driven = await harness.drive(settings, options);
    } catch (error) {
      await harness[Symbol.asyncDispose]();
      throw error;
    }
    harness.driven.hold(options.held ?? false);
    return harness;
  }

  get engine(): Engine {
    return this.driven as Engine;
  }

  /** A step that runs a command with bash and asks for little. */
  order(command: string, change: OrderChange = {}): WorkOrder {
    const { id = `${freshKey()}-a1-g1`, kind = 'job', queue = this.queue, request = {}, ...spec } = change;
    return {
      id: id as StepId,
      kind,
      queue,
      sequence: sequence++,
      spec: {
        ref: id,
        rule: 'fault',
        label: 'fault',
        attempt: 1,
        priority: 0,
        inputs: [],
        outputs: [],
        logs: [],
        resources: { cpuMillis: 100, memoryBytes: { value: 64 * 2 ** 20, stated: false }, custom: {}, ...request },
        execution: { mode: 'direct', shell: '/bin/bash', commands: [command] },
        cwd: '/work/of/somebody',
        env: {},
        services: [],
        benchmark: false,
        ...spec,
      },
    };
  }

  launch(order: WorkOrder): StepId {
    this.launched.add(order.id);
    this.driven?.launch([order]);
    return order.id;
  }

  /** Launches a step and waits for its end. */
  run(order: WorkOrder): Promise<EndObservation> {
    return this.end(this.launch(order));
  }

  /** Launches a step that fails; how. */
  async failure(order: WorkOrder): Promise<Failed['failure']> {
    return (await this.failed(this.launch(order))).failure;
  }

  async end(id: StepId, withinMs = patienceMs): Promise<EndObservation> {
    const isOver = ({ state }: Observation): boolean => state !== 'uploaded' && isEnd(state);
    return (await this.seen(id, isOver, 0, withinMs)) as EndObservation;
  }

  async failed(id: StepId, withinMs = patienceMs): Promise<Failed> {
    const end = await this.end(id, withinMs);
    if (end.state === 'succeeded') throw new Error(`${id} succeeded: ${this.story(id)}`);
    return end;
  }

  /** The first thing said of a step, after `from` others, that passes. */
  seen(
    id: StepId,
    passes: (observation: Observation) => boolean,
    from = 0,
    withinMs = patienceMs,
  ): Promise<Observation> {
    const find = (): Observation | undefined => this.of(id).slice(from).find(passes);
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        clearTimeout(deadline);
        this.waiters.delete(look);
      };
      const deadline = setTimeout(() => {
        stop();
        reject(new Error(`waited in vain for ${passes.toString()}; said of ${id}: ${this.story(id)}`));
      }, withinMs);
      const look = (): void => {
        const found = find();
        if (found === undefined) return;
        stop();
        resolve(found);
      };
      this.waiters.add(look);
      look();
    });
  }

  /** The first time that it is said to be in a state, and the sentence matches. */
  async says(id: StepId, state: Observation['state'], words: RegExp | string = ''): Promise<string> {
    const passes = (seen: Observation): boolean =>
      seen.state === state && (typeof words === 'string' ? wordsOf(seen).includes(words) : words.test(wordsOf(seen)));
    return wordsOf(await this.seen(id, passes));
  }

  of(id: StepId): readonly Observation[] {
    return this.observed.filter(({ step }) => step === id);
  }

  statesOf(id: StepId): readonly string[] {
    return this.of(id)
      .map(({ state }) => state)
      .filter((state, index, all) => state !== all[index - 1]);
  }

  /** Everything that was said of a step, for people. */
  story(id: StepId): string {
    return this.of(id)
      .map((seen) => `${seen.state}: ${wordsOf(seen)}`)
      .join(' | ');
  }

  async log(id: StepId, stream: 'stdout' | 'stderr' = 'stdout'): Promise<string> {
    let text = '';
    for await (const chunk of this.engine.logs(id, { stream, follow: false })) text += Buffer.from(chunk).toString();
    return text;
  }

  /** The only pod of a step, once it is there. */
  async pod(id: StepId): Promise<KubernetesObject> {
    const { items } = await this.cluster.client.list(resources.pods);
    const pod = items.find(({ metadata }) => metadata.annotations?.[annotationKeys.step] === id);
    if (pod === undefined) throw new Error(`no pod of ${id}: ${this.story(id)}`);
    return pod;
  }

  async job(id: StepId): Promise<KubernetesObject> {
    const { items } = await this.cluster.client.list(resources.jobs);
    const job = items.find(({ metadata }) => metadata.annotations?.[annotationKeys.step] === id);
    if (job === undefined) throw new Error(`no Job of ${id}: ${this.story(id)}`);
    return job;
  }

  /** What the cluster has of a step: `Job name`, `Pod name`, `Secret name`. */
  async leftOf(id: StepId): Promise<readonly string[]> {
    const found: string[] = [];
    for (const type of await this.ownTypes()) {
      const { items } = await this.cluster.client.list(type);
      const own = items.filter(({ metadata }) => metadata.annotations?.[annotationKeys.step] === id);
      found.push(...own.map(({ metadata }) => `${type.kind} ${metadata.name}`));
    }
    return found;
  }

  /** Resolves when the cluster has nothing of these steps any more: the garbage collector takes its time. */
  async nothingLeft(ids: readonly StepId[]): Promise<void> {
    const wake = new Set<() => void>();
    const watches = (await this.ownTypes()).map((type) =>
      this.cluster.client.reflect(type, { changed: () => undefined, gone: () => wake.forEach((tell) => tell()) }),
    );
    const left = (): readonly string[] =>
      watches
        .flatMap((watch) => [...watch.objects()])
        .filter(({ metadata }) => ids.some((id) => metadata.annotations?.[annotationKeys.step] === id))
        .map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    try {
      for (const { synced } of watches) await synced;
      await new Promise<void>((resolve, reject) => {
        const deadline = setTimeout(() => reject(new Error(`left behind: ${left().join(', ')}`)), patienceMs);
        const look = (): void => {
          if (left().length > 0) return;
          clearTimeout(deadline);
          resolve();
        };
        wake.add(look);
        look();
      });
    } finally {
      for (const watch of watches) watch.close();
    }
  }

  /** What a step has in the cluster. */
  private async ownTypes(): Promise<readonly ResourceType[]> {
    return [...(await kindTypesOf(this.cluster.client)), resources.pods, resources.secrets];
  }

  /** As a core that ends: its steps go on. */
  async leave(): Promise<void> {
    this.left = true;
    await this.driven?.close();
  }

  /** As a core that is killed: nothing is finished, nothing is said. For one with a client of the case's own. */
  async die(): Promise<void> {
    this.left = true;
    await this.real?.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.left) {
      const running = [...this.launched].filter(
        (id) => !this.of(id).some(({ state }) => state === 'uploaded' || isEnd(state)),
      );
      this.driven?.cancel(running);
      await Promise.allSettled(running.map((id) => this.end(id)));
      await this.driven?.close();
    }
    if (this.isFirst) rmSync(this.directory, { recursive: true, force: true });
  }

  private async drive(settings: KubernetesSettings, options: HarnessOptions): Promise<Driven> {
    const host: EngineHost = {
      observe: (observations) => {
        this.observed.push(...observations);
        for (const wake of this.waiters) wake();
      },
      environmentOf: () => ({}),
      ownVariablesOf: () => ({}),
      staging: noStaging,
      clock: systemClock,
      logger: silentLogger,
    };
    const orders = options.recover ?? [];
    for (const { id } of orders) this.launched.add(id);
    const { client: change } = options;
    const workdir = '/work/of/somebody';
    if (change === undefined) {
      const engine = new KubernetesEngine({ settings, stateDir: this.directory, workdir, version: 'test' }, host);
      await engine.recover(orders);
      return engine;
    }
    this.real = await openTestCluster({ namespace: this.cluster.namespace });
    const client = change(this.real);
    const stateDir = join(this.directory, 'kubernetes');
    mkdirSync(stateDir, { recursive: true });
    const cluster = await Cluster.open(client, runIdOf(stateDir, workdir), settings);
    return KubernetesRun.open(cluster, stateDir, host, orders);
  }
}

let sequence = 0;

function freshKey(): string {
  return `${Date.now().toString(16)}${(sequence++).toString(16).padStart(4, '0')}`;
}

export function wordsOf(observation: Observation): string {
  if ('failure' in observation) return observation.failure.message;
  return 'reason' in observation ? observation.reason : '';
}
