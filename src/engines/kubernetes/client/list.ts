import { type Api, call, callOnce, told } from './api.ts';
import { asRecord, CallFailure } from './call-failure.ts';
import type { ListOptions } from './cluster-client.ts';
import type { KubernetesObject, ResourceType } from './object.ts';
import { asObject } from './objects.ts';
import { doing, pathOf, withQuery } from './resource-path.ts';

export interface Listed {
  readonly items: readonly KubernetesObject[];
  /** Where a watch goes on. */
  readonly resourceVersion: string;
}

const pageSize = 500;

/** Metadata only: enough to remove things. */
const bare = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json';

export async function listObjects(
  api: Api,
  type: ResourceType,
  options: ListOptions = {},
  accept?: string,
): Promise<Listed> {
  const what = doing('list', { type, namespace: options.namespace ?? api.namespace });
  return told(api, what, () =>
    listPages(api, type, options, (request) => call(api, request, options.patienceMs), accept),
  );
}

/** Each page gets one try, for who has patience of their own. Throws CallFailures. */
export function listOnce(api: Api, type: ResourceType, options: ListOptions): Promise<Listed> {
  return listPages(api, type, options, (request) => callOnce(api, request));
}

export function listBare(api: Api, type: ResourceType, options: ListOptions): Promise<Listed> {
  return listObjects(api, type, options, bare);
}

/**
 * All pages are of one moment. The server forgets that moment after some minutes: then a page answers 410, and the list
 * begins again, first in pages, then (a list so long that it will never be read in time) in one piece.
 */
async function listPages(
  api: Api,
  type: ResourceType,
  options: ListOptions,
  get: (request: Parameters<typeof callOnce>[1]) => Promise<unknown>,
  accept?: string,
): Promise<Listed> {
  const target = { type, namespace: options.namespace ?? api.namespace };
  const { labelSelector, fieldSelector, signal } = options;
  const fixed = { doing: doing('list', target), signal, ...(accept !== undefined && { accept }) };
  for (let round = 1; ; round += 1) {
    const limit = round <= 2 ? pageSize : undefined;
    const items: KubernetesObject[] = [];
    let next: string | undefined;
    try {
      for (;;) {
        const path = withQuery(pathOf(target), { labelSelector, fieldSelector, limit, continue: next });
        const page = asRecord(await get({ ...fixed, path }));
        const { resourceVersion, continue: more } = asRecord(page['metadata']);
        if (typeof resourceVersion !== 'string')
          throw new CallFailure('garbage', 'a list without metadata.resourceVersion');
        const found: unknown = page['items'];
        for (const item of Array.isArray(found) ? found : []) items.push(asObject(item, type));
        if (typeof more !== 'string' || more === '') return { items, resourceVersion };
        next = more;
      }
    } catch (error) {
      if (!(error instanceof CallFailure) || error.status !== 410 || next === undefined) throw error;
    }
  }
}
