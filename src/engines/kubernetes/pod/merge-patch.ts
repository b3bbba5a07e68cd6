/** Data as JSON or YAML has it. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [name: string]: Json | undefined;
}

/** A patch that cannot be merged; the message begins with the field. */
export class PatchError extends Error {}

/**
 * Lists of a PodSpec whose elements have a key, so that a patch may name one of them. Source: `patchMergeKey` in
 * k8s.io/api/core/v1/types.go.
 */
const listKeys: Readonly<Record<string, string>> = {
  containers: 'name',
  initContainers: 'name',
  volumes: 'name',
  env: 'name',
  volumeMounts: 'mountPath',
  volumeDevices: 'devicePath',
  ports: 'containerPort',
  imagePullSecrets: 'name',
  resourceClaims: 'name',
  hostAliases: 'ip',
  topologySpreadConstraints: 'topologyKey',
};

/**
 * Elements that a patch replaces as a whole (`retainKeys`): a volume with two sources would be none, and a variable has a value
 * or a place where it comes from.
 */
const wholeElements = new Set(['volumes', 'env']);

/** Lists without a key to which a patch adds; any other list is replaced. */
const growingLists = new Set(['tolerations']);

/**
 * A strategic merge, as `kubectl patch` does it with what a pod template has: objects are merged, null removes, lists with a key
 * are merged by it, `$patch: delete` removes an element and `$patch: replace` replaces an object. Throws PatchError.
 */
export function mergePatch(base: JsonObject, patch: JsonObject, path = ''): JsonObject {
  if (patch['$patch'] === 'replace') return withoutDirective(patch);
  const merged = new Map(Object.entries(base));
  for (const [name, value] of Object.entries(patch)) {
    const here = path === '' ? name : `${path}.${name}`;
    if (name.startsWith('$')) throw new PatchError(`${here}: this directive cannot be used here`);
    if (value === undefined) continue;
    if (value === null) merged.delete(name);
    else merged.set(name, mergeValue(merged.get(name), value, name, here));
  }
  return Object.fromEntries(merged);
}

function mergeValue(base: Json | undefined, patch: Json, name: string, path: string): Json {
  const key = listKeys[name];
  // What merges with a list has to be one; otherwise the API server would be the first to notice.
  if (Array.isArray(base) && !isList(patch)) throw new PatchError(`${path}: it has to be a list`);
  if (isObject(base) && !isObject(patch)) throw new PatchError(`${path}: it has to be an object`);
  if (isList(patch)) {
    const list = isList(base) ? base : [];
    if (key !== undefined) return mergeByKey(list, patch, key, path, wholeElements.has(name));
    return growingLists.has(name) ? mergeSet(list, patch) : patch;
  }
  if (isObject(patch)) return mergePatch(isObject(base) ? base : {}, patch, path);
  return patch;
}

function mergeByKey(
  base: readonly Json[],
  patch: readonly Json[],
  key: string,
  path: string,
  whole: boolean,
): readonly Json[] {
  const merged = [...base];
  for (const [index, element] of patch.entries()) {
    const here = `${path}[${index}]`;
    if (!isObject(element) || element[key] === undefined) throw new PatchError(`${here}: it needs a ${key}`);
    const at = merged.findIndex((other) => isObject(other) && other[key] === element[key]);
    const other = merged[at];
    const named = `${path}[${JSON.stringify(element[key]).replaceAll('"', '')}]`;
    if (element['$patch'] === 'delete') merged.splice(at, at === -1 ? 0 : 1);
    else if (isObject(other)) merged[at] = whole ? withoutDirective(element) : mergePatch(other, element, named);
    else merged.push(mergePatch({}, element, named));
  }
  return merged;
}

function mergeSet(base: readonly Json[], patch: readonly Json[]): readonly Json[] {
  const there = new Set(base.map((element) => JSON.stringify(element)));
  return [...base, ...patch.filter((element) => !there.has(JSON.stringify(element)))];
}

function withoutDirective(patch: JsonObject): JsonObject {
  const { $patch: _directive, ...rest } = patch;
  return rest;
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !isList(value);
}

function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}
