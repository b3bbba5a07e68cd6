import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { systemClock } from '../../../ports/clock.ts';
import { silentLogger } from '../../../ports/logger.ts';
import { CallFailure } from './call-failure.ts';
import type { KubernetesObject } from './object.ts';
import { Reflector, type WatchSource } from './reflector.ts';
import type { WatchEvent } from './watch-event.ts';

// A simulated server in memory: whatever happens to watches and lists, what was told is in the end what the server has.

type Deed =
  | { readonly deed: 'put' | 'drop' | 'replace'; readonly name: string }
  /** Of the watch: broken, an event again, an old event, an error, forgotten history, a bookmark, a failing list. */
  | {
      readonly deed:
        | 'cut'
        | 'end'
        | 'repeat'
        | 'garbage'
        | 'gone'
        | 'error'
        | 'forget'
        | 'bookmark'
        | 'listFails'
        | 'breathe';
    };

const deeds = fc.array(
  fc.oneof(
    fc.record({ deed: fc.constantFrom('put', 'put', 'drop', 'replace'), name: fc.constantFrom('a', 'b', 'c', 'd') }),
    fc.record({
      deed: fc.constantFrom(
        'cut',
        'end',
        'repeat',
        'garbage',
        'gone',
        'error',
        'forget',
        'bookmark',
        'listFails',
        'breathe',
        'breathe',
      ),
    }),
  ) as fc.Arbitrary<Deed>,
  { maxLength: 40 },
);

test('what is told is what the server has, over any script of events and faults', { timeout: 120_000 }, async () => {
  await fc.assert(fc.asyncProperty(deeds, fc.integer(), follows), { numRuns: 300 });
});

async function follows(script: readonly Deed[], seed: number): Promise<void> {
  const server = new MemoryServer(seed);
  const told = new Map<string, string>();
  const reflector = new Reflector(
    server,
    {
      changed(object) {
        const known = told.get(object.metadata.name);
        expect(known, 'told without a change').not.toBe(identity(object));
        if (known !== undefined)
          expect(known.split('/')[0], 'another object before the end of the former').toBe(object.metadata.uid);
        told.set(object.metadata.name, identity(object));
      },
      gone(object) {
        expect(told.get(object.metadata.name)?.split('/')[0], 'gone, but never told').toBe(object.metadata.uid);
        told.delete(object.metadata.name);
      },
    },
    { relistMs: 60_000, patienceMs: 60_000, pauses: { firstMs: 0.1, longestMs: 1 }, goodWatchMs: 1000 },
    { clock: systemClock, logger: { ...silentLogger, error: (facts) => server.defects.push(JSON.stringify(facts)) } },
  );
  try {
    for (const deed of script) await server.do(deed);
    // Who has heard of the last one has heard of all before it.
    await server.do({ deed: 'put', name: 'last' });
    const wanted = () =>
      Object.fromEntries(server.objects.values().map((object) => [object.metadata.name, identity(object)]));
    await vi.waitFor(() => expect(Object.fromEntries(told)).toEqual(wanted()), { timeout: 5000, interval: 1 });
    expect(
      Object.fromEntries([...reflector.objects()].map((object) => [object.metadata.name, identity(object)])),
    ).toEqual(wanted());
    expect(server.defects).toEqual([]);
  } finally {
    reflector.close();
  }
}

function identity({ metadata }: KubernetesObject): string {
  return `${metadata.uid}/${metadata.resourceVersion}`;
}

interface OpenWatch {
  readonly queue: (WatchEvent | CallFailure | 'end')[];
  wake: () => void;
}

class MemoryServer implements WatchSource {
  readonly doing = { verb: 'watch', resource: 'things' };
  readonly server = 'memory';
  readonly objects = new Map<string, KubernetesObject>();
  readonly defects: string[] = [];
  #version = 10;
  #forgotten = 0;
  #history: WatchEvent[] = [];
  #watches = new Set<OpenWatch>();
  #listFailures = 0;
  #seed: number;

  constructor(seed: number) {
    this.#seed = seed;
  }

  list() {
    if (this.#listFailures > 0) {
      this.#listFailures -= 1;
      return Promise.reject(new CallFailure('answer', 'busy', { status: 503 }));
    }
    return Promise.resolve({ items: [...this.objects.values()], resourceVersion: String(this.#version) });
  }

  watch(from: string, signal: AbortSignal): Promise<AsyncIterable<WatchEvent>> {
    if (Number(from) < this.#forgotten) return Promise.reject(new CallFailure('answer', 'too old', { status: 410 }));
    const watch: OpenWatch = {
      queue: this.#history.filter(({ resourceVersion }) => Number(resourceVersion) > Number(from)),
      wake: () => undefined,
    };
    this.#watches.add(watch);
    return Promise.resolve(this.#read(watch, signal));
  }

  async *#read(watch: OpenWatch, signal: AbortSignal): AsyncGenerator<WatchEvent> {
    try {
      while (!signal.aborted) {
        const next = watch.queue.shift();
        if (next === 'end') return;
        if (next instanceof CallFailure) throw next;
        if (next !== undefined) yield next;
        else {
          await new Promise<void>((resolve) => {
            watch.wake = resolve;
            signal.addEventListener('abort', () => resolve(), { once: true });
          });
        }
      }
    } finally {
      this.#watches.delete(watch);
    }
  }

  async do(deed: Deed): Promise<void> {
    switch (deed.deed) {
      case 'put':
        return this.#put(deed.name, this.objects.get(deed.name)?.metadata.uid);
      case 'drop':
        return this.#drop(deed.name);
      case 'replace':
        this.#drop(deed.name);
        return this.#put(deed.name, undefined);
      case 'cut':
        return this.#tell(new CallFailure('network', 'cut'));
      case 'end':
        return this.#tell('end');
      case 'garbage':
        return this.#tell(new CallFailure('garbage', 'garbage'));
      case 'gone':
        return this.#tell(new CallFailure('answer', 'gone', { status: 410 }));
      case 'error':
        return this.#tell(new CallFailure('answer', 'etcd', { status: 500 }));
      case 'repeat': {
        const event = this.#history[this.#random(this.#history.length)];
        return event === undefined ? undefined : this.#tell(event);
      }
      case 'bookmark':
        return this.#tell({
          type: 'BOOKMARK',
          object: { apiVersion: 'v1', kind: 'T', metadata: { name: '' } },
          resourceVersion: String(this.#version),
        });
      case 'forget':
        this.#history = [];
        this.#forgotten = this.#version;
        return this.#tell(new CallFailure('network', 'cut'));
      case 'listFails':
        this.#listFailures += 1;
        return undefined;
      case 'breathe':
        return new Promise((resolve) => setImmediate(resolve));
    }
  }

  #put(name: string, uid: string | undefined): void {
    this.#version += 1;
    const object: KubernetesObject = {
      apiVersion: 'v1',
      kind: 'T',
      metadata: { name, uid: uid ?? `u${this.#version}`, resourceVersion: String(this.#version) },
    };
    const type = this.objects.has(name) ? 'MODIFIED' : 'ADDED';
    this.objects.set(name, object);
    this.#happen({ type, object, resourceVersion: String(this.#version) });
  }

  #drop(name: string): void {
    const known = this.objects.get(name);
    if (known === undefined) return;
    this.#version += 1;
    this.objects.delete(name);
    const resourceVersion = String(this.#version);
    this.#happen({
      type: 'DELETED',
      object: { ...known, metadata: { ...known.metadata, resourceVersion } },
      resourceVersion,
    });
  }

  #happen(event: WatchEvent): void {
    this.#history.push(event);
    this.#tell(event);
  }

  #tell(word: WatchEvent | CallFailure | 'end'): void {
    for (const watch of this.#watches) {
      watch.queue.push(word);
      watch.wake();
    }
  }

  #random(below: number): number {
    this.#seed = (Math.imul(this.#seed, 1_103_515_245) + 12_345) & 0x7fffffff;
    return below === 0 ? 0 : this.#seed % below;
  }
}
