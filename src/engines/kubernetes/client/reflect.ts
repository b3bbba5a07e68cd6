import { type Api, defaultPatienceMs } from './api.ts';
import type { ReflectOptions } from './cluster-client.ts';
import { listOnce } from './list.ts';
import type { ResourceType } from './object.ts';
import { Reflector } from './reflector.ts';
import { doing } from './resource-path.ts';
import { openWatch } from './watch.ts';

/** An API server sends a bookmark about once a minute. */
const defaultIdleMs = 90_000;

/** A reflector of this API. */
export function reflect(api: Api, type: ResourceType, options: ReflectOptions, idleMs = defaultIdleMs): Reflector {
  const { labelSelector, fieldSelector, namespace } = options;
  const selection = {
    ...(labelSelector !== undefined && { labelSelector }),
    ...(fieldSelector !== undefined && { fieldSelector }),
    ...(namespace !== undefined && { namespace }),
  };
  const source = {
    doing: doing('watch', { type, namespace: namespace ?? api.namespace }),
    server: api.server,
    list: (signal: AbortSignal) => listOnce(api, type, { ...selection, signal }),
    watch: (resourceVersion: string, signal: AbortSignal) =>
      openWatch(api, type, selection, { resourceVersion, silenceMs: idleMs, signal }),
  };
  const timing = {
    relistMs: options.relistMs ?? 600_000,
    patienceMs: options.patienceMs ?? defaultPatienceMs,
    pauses: { firstMs: 2 * api.pauses.firstMs, longestMs: api.pauses.longestMs },
    goodWatchMs: 1000,
  };
  return new Reflector(source, options, timing, api);
}
