import { asKonvergeError, KonvergeError } from '../../domain/error.ts';
import type { KubernetesObject } from './client/object.ts';
import type { FollowedStep } from './followed-step.ts';
import { isOutage, waitOut } from './outage.ts';
import type { StepObjectBuilder } from './step-object-builder.ts';

/** Objects on their way into the cluster at once. The API server takes them one after another from each connection. */
const atOnce = 8;
/** How long the client repeats one request before we say that the server is away; then we go on trying. */
const patienceMs = 15_000;

export interface SubmitterHost {
  readonly builder: StepObjectBuilder;
  /** Its object is in the cluster. */
  posted(step: FollowedStep, object: KubernetesObject): void;
  /** Nothing of it is in the cluster, and nothing will be. */
  refused(step: FollowedStep, error: KonvergeError): void;
  /** It waits for something that is not its queue. */
  waits(step: FollowedStep, why: string): void;
}

/**
 * Brings steps into the cluster, in order: first the object, suspended, then what its pod mounts, owned by it: a Secret, for some
 * kinds a ConfigMap too.
 * A repeated POST meets the object of the first one: if that is the same request, it stands for it (design.md 12.1); if not,
 * it is of another time, and is removed first. A server that is away is waited for: nothing fails.
 */
export class Submitter {
  private readonly host: SubmitterHost;
  private readonly queue: FollowedStep[] = [];
  private readonly stop = new AbortController();
  private readonly active = new Set<Promise<void>>();
  private held = true;

  constructor(host: SubmitterHost) {
    this.host = host;
  }

  enqueue(step: FollowedStep): void {
    this.queue.push(step);
    this.advance();
  }

  hold(held: boolean): void {
    this.held = held;
    this.advance();
  }

  /** Takes back a step that has not been begun. False if it is on its way. */
  drop(step: FollowedStep): boolean {
    const index = this.queue.indexOf(step);
    if (index !== -1) this.queue.splice(index, 1);
    return index !== -1;
  }

  async close(): Promise<void> {
    this.queue.length = 0;
    this.stop.abort();
    await Promise.allSettled(this.active);
  }

  private advance(): void {
    while (!this.held && !this.stop.signal.aborted && this.active.size < atOnce) {
      const step = this.queue.shift();
      if (step === undefined) return;
      const work = this.submit(step).finally(() => {
        this.active.delete(work);
        this.advance();
      });
      this.active.add(work);
    }
  }

  private async submit(step: FollowedStep): Promise<void> {
    for (;;) {
      try {
        const object = await this.create(step);
        this.host.posted(step, object);
        return;
      } catch (thrown) {
        if (this.stop.signal.aborted) return;
        const error = asKonvergeError(thrown);
        if (isOutage(error)) this.host.waits(step, error.message);
        if (await waitOut(error, this.stop.signal)) continue;
        if (!this.stop.signal.aborted) this.host.refused(step, error);
        return;
      }
    }
  }

  private async create(step: FollowedStep): Promise<KubernetesObject> {
    const { builder } = this.host;
    const { client } = step;
    const options = { signal: this.stop.signal, patienceMs };
    const { object, besidesOf } = await builder.build(step, this.stop.signal);
    let { object: created, existed } = await client.create(step.kind.resource, object, options);
    if (existed && (!builder.isSame(created, object) || created.metadata.deletionTimestamp !== undefined)) {
      await this.removeFormer(step, created);
      ({ object: created, existed } = await client.create(step.kind.resource, object, options));
    }
    try {
      for (const besides of besidesOf(created)) await client.create(besides.type, besides.object, options);
    } catch (error) {
      // A pod without its Secret or ConfigMap would wait for ever. What passes is tried again, with the object that is there.
      if (this.stop.signal.aborted || isOutage(asKonvergeError(error))) throw error;
      await this.removeObject(step, created).catch((thrown: unknown) => {
        const { code, message } = asKonvergeError(error);
        const left = `${created.kind} ${created.metadata.name} is left, for it cannot be removed either`;
        throw new KonvergeError(code, `${message}; ${left}: ${asKonvergeError(thrown).message}`, { cause: error });
      });
      throw error;
    }
    return created;
  }

  private async removeFormer(step: FollowedStep, former: KubernetesObject): Promise<void> {
    const { client } = step;
    const { name, uid } = former.metadata;
    this.host.waits(step, `an older ${former.kind} ${name} is removed first`);
    await this.removeObject(step, former);
    const gone = Promise.withResolvers<void>();
    const watch = client.reflect(step.kind.resource, {
      fieldSelector: `metadata.name=${name}`,
      signal: this.stop.signal,
      changed: (object) => void (object.metadata.uid !== uid && gone.resolve()),
      gone: () => gone.resolve(),
    });
    const abort = (): void => gone.reject(this.stop.signal.reason as Error);
    this.stop.signal.addEventListener('abort', abort, { once: true });
    try {
      await watch.synced;
      if (![...watch.objects()].some(({ metadata }) => metadata.uid === uid)) gone.resolve();
      await gone.promise;
    } finally {
      this.stop.signal.removeEventListener('abort', abort);
      watch.close();
    }
  }

  private async removeObject(step: FollowedStep, { metadata }: KubernetesObject): Promise<void> {
    await step.client.remove(step.kind.resource, metadata.name, {
      ...(metadata.uid === undefined ? {} : { uid: metadata.uid }),
      signal: this.stop.signal,
      propagation: 'Foreground',
    });
  }
}
