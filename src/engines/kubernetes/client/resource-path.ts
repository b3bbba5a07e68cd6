import type { Doing } from './error-of.ts';
import type { ResourceType } from './object.ts';

/** What a request is about. */
export interface Target {
  readonly type: ResourceType;
  /** Ignored for what has none. */
  readonly namespace: string;
  readonly name?: string;
  /** `log`, `exec`. */
  readonly subresource?: string;
}

export function pathOf({ type, namespace, name, subresource }: Target): string {
  const words = type.group === '' ? ['api', type.version] : ['apis', type.group, type.version];
  if (type.namespaced) words.push('namespaces', namespace);
  words.push(type.plural);
  if (name !== undefined) words.push(name);
  if (subresource !== undefined) words.push(subresource);
  return `/${words.map(encodeURIComponent).join('/')}`;
}

export function doing(verb: string, { type, namespace, name, subresource }: Target): Doing {
  const resource = type.group === '' ? type.plural : `${type.plural}.${type.group}`;
  return {
    verb,
    resource: subresource === undefined ? resource : `${resource}/${subresource}`,
    ...(name !== undefined && { name }),
    ...(type.namespaced && { namespace }),
  };
}

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export function withQuery(path: string, query: Query): string {
  const words = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value !== undefined) words.set(key, String(value));
  }
  return words.size === 0 ? path : `${path}?${words.toString()}`;
}
