import { type Api, call, told } from './api.ts';
import { asRecord, CallFailure } from './call-failure.ts';
import type { CallOptions, RemoveOptions } from './cluster-client.ts';
import { isMissingResource } from './error-of.ts';
import type { KubernetesObject, ResourceType } from './object.ts';
import { doing, pathOf, type Target, withQuery } from './resource-path.ts';

/** Of a name that comes and goes: so often it is tried to make it or read it. */
const rounds = 3;

export async function createObject(
  api: Api,
  type: ResourceType,
  object: KubernetesObject,
  options: CallOptions = {},
): Promise<{ readonly object: KubernetesObject; readonly existed: boolean }> {
  const namespace = options.namespace ?? object.metadata.namespace ?? api.namespace;
  const target: Target = { type, namespace };
  const { name } = object.metadata;
  const path = withQuery(pathOf(target), { fieldManager: api.fieldManager });
  const what = { ...doing('create', target), name };
  return told(api, what, async () => {
    for (let round = 1; ; round += 1) {
      try {
        const made = await call(
          api,
          { method: 'POST', path, body: object, doing: what, signal: options.signal },
          options.patienceMs,
        );
        return { object: asObject(made, type), existed: false };
      } catch (error) {
        // Also the answer to a repeated POST whose first try did arrive: the name is ours, so is the object.
        if (
          !(error instanceof CallFailure) ||
          error.status !== 409 ||
          error.reason !== 'AlreadyExists' ||
          round === rounds
        )
          throw error;
        const there = await getObject(api, type, name, { ...options, namespace });
        // It went away between the two.
        if (there !== undefined) return { object: there, existed: true };
      }
    }
  });
}

export async function getObject(
  api: Api,
  type: ResourceType,
  name: string,
  options: CallOptions = {},
): Promise<KubernetesObject | undefined> {
  const target = { type, namespace: options.namespace ?? api.namespace, name };
  const what = doing('get', target);
  return told(api, what, async () => {
    const request = { path: pathOf(target), doing: what, signal: options.signal };
    const found = await absent(() => call(api, request, options.patienceMs));
    return found === undefined ? undefined : asObject(found, type);
  });
}

export async function patchObject(
  api: Api,
  type: ResourceType,
  name: string,
  patch: unknown,
  options: CallOptions = {},
): Promise<KubernetesObject | undefined> {
  const target = { type, namespace: options.namespace ?? api.namespace, name };
  const what = doing('patch', target);
  const path = withQuery(pathOf(target), { fieldManager: api.fieldManager });
  const contentType = 'application/merge-patch+json';
  return told(api, what, async () => {
    for (let round = 1; ; round += 1) {
      try {
        const request = {
          method: 'PATCH' as const,
          path,
          body: patch,
          contentType,
          doing: what,
          signal: options.signal,
        };
        const patched = await absent(() => call(api, request, options.patienceMs));
        return patched === undefined ? undefined : asObject(patched, type);
      } catch (error) {
        // Others changed it all the while; a merge patch can simply come again.
        if (!(error instanceof CallFailure) || error.reason !== 'Conflict' || round === rounds) throw error;
      }
    }
  });
}

export async function removeObject(
  api: Api,
  type: ResourceType,
  name: string,
  options: RemoveOptions = {},
): Promise<boolean> {
  const target = { type, namespace: options.namespace ?? api.namespace, name };
  const what = doing('delete', target);
  const body = {
    kind: 'DeleteOptions',
    apiVersion: 'v1',
    propagationPolicy: options.propagation ?? 'Background',
    ...(options.graceSeconds !== undefined && { gracePeriodSeconds: options.graceSeconds }),
    ...(options.uid !== undefined && { preconditions: { uid: options.uid } }),
  };
  // If an earlier try ended unknown, then "not there" may be its doing.
  let mayHaveArrived = false;
  const repeating = () => {
    mayHaveArrived = true;
  };
  const request = {
    method: 'DELETE' as const,
    path: pathOf(target),
    body,
    doing: what,
    signal: options.signal,
    repeating,
  };
  return told(api, what, async () => {
    try {
      const answer = await absent(() => call(api, request, options.patienceMs));
      return answer !== undefined || mayHaveArrived;
    } catch (error) {
      // Another one has its name by now.
      if (error instanceof CallFailure && error.reason === 'Conflict' && options.uid !== undefined)
        return mayHaveArrived;
      throw error;
    }
  });
}

/** Undefined for an object that is not there. A whole resource that is not there is a failure. */
async function absent(work: () => Promise<unknown>): Promise<unknown> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof CallFailure && error.status === 404 && !isMissingResource(error)) return undefined;
    throw error;
  }
}

/** Items of a list come without their kind. */
export function asObject(value: unknown, { group, version, kind }: ResourceType): KubernetesObject {
  const object = asRecord(value);
  const { name } = asRecord(object['metadata']);
  if (typeof name !== 'string') throw new CallFailure('garbage', 'an answer without metadata.name');
  const apiVersion = group === '' ? version : `${group}/${version}`;
  return {
    ...object,
    apiVersion: object['apiVersion'] ?? apiVersion,
    kind: object['kind'] ?? kind,
  } as KubernetesObject;
}
