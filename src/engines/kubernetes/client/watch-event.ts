import type { KubernetesObject } from './object.ts';

/** What a watch tells. Of a BOOKMARK only `resourceVersion` counts: up to there nothing more happened. */
export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  readonly object: KubernetesObject;
  readonly resourceVersion: string;
}

/**
 * Whether version `a` is older than or the same as `b`. Kubernetes promises since 1.35 that they are decimal numbers that
 * grow, and they always were; of an API server that has others nothing can be said, so false.
 */
export function notNewer(a: string, b: string): boolean {
  if (!/^\d+$/.test(a) || !/^\d+$/.test(b)) return false;
  return a.length === b.length ? a <= b : a.length < b.length;
}
