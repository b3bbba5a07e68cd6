import type { KubernetesObject } from './object.ts';
import { notNewer, type WatchEvent } from './watch-event.ts';

/** What was told of the objects so far, and what of a list or an event is news. */
export class ToldObjects {
  readonly #objects = new Map<string, KubernetesObject>();
  readonly #changed: (object: KubernetesObject) => void;
  readonly #gone: (object: KubernetesObject) => void;

  constructor(changed: (object: KubernetesObject) => void, gone: (object: KubernetesObject) => void) {
    this.#changed = changed;
    this.#gone = gone;
  }

  values(): IterableIterator<KubernetesObject> {
    return this.#objects.values();
  }

  /** A list is the truth, even if its versions are lower than before (an etcd that was restored from a backup). */
  takeList(items: readonly KubernetesObject[]): void {
    const listed = new Set(items.map(keyOf));
    for (const [key, object] of this.#objects) {
      if (!listed.has(key)) this.#remove(key, object);
    }
    for (const item of items) {
      const known = this.#objects.get(keyOf(item));
      if (known?.metadata.uid === item.metadata.uid && versionOf(known) === versionOf(item)) continue;
      this.#put(item);
    }
  }

  /** `position` is how far the watch had come: what is not newer was told before, and is a repetition. */
  takeEvent({ type, object, resourceVersion }: WatchEvent, position: string): void {
    if (type === 'BOOKMARK') return;
    const key = keyOf(object);
    const known = this.#objects.get(key);
    if (type === 'DELETED') {
      if (known === undefined || known.metadata.uid !== object.metadata.uid) return;
      // Its version is that of the deletion, or the object's last one.
      const stale = notNewer(resourceVersion, versionOf(known)) && resourceVersion !== versionOf(known);
      if (!stale) this.#remove(key, object);
      return;
    }
    if (notNewer(resourceVersion, position)) return;
    if (known !== undefined && versionOf(known) === resourceVersion) return;
    this.#put(object);
  }

  #put(object: KubernetesObject): void {
    const key = keyOf(object);
    const known = this.#objects.get(key);
    // The same name, but another object: the end of the former one was missed.
    if (known !== undefined && known.metadata.uid !== object.metadata.uid) this.#remove(key, known);
    this.#objects.set(key, object);
    this.#changed(object);
  }

  #remove(key: string, last: KubernetesObject): void {
    this.#objects.delete(key);
    this.#gone(last);
  }
}

function keyOf({ metadata }: KubernetesObject): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}

function versionOf(object: KubernetesObject | undefined): string {
  return object?.metadata.resourceVersion ?? '';
}
