import type { Clock } from '../../../ports/clock.ts';
import type { Logger } from '../../../ports/logger.ts';
import { type Api, call, told } from './api.ts';
import { CallFailure } from './call-failure.ts';
import type { ClusterClient, ReflectOptions } from './cluster-client.ts';
import { Credentials } from './credentials.ts';
import { execute } from './exec.ts';
import { loadKubeconfig } from './kubeconfig.ts';
import { listObjects } from './list.ts';
import { readLog } from './log-reader.ts';
import { askAccess } from './may-i.ts';
import type { ResourceType } from './object.ts';
import { createObject, getObject, patchObject, removeObject } from './objects.ts';
import { defaultPauses, type Pauses } from './pause.ts';
import { reflect } from './reflect.ts';
import type { Reflector } from './reflector.ts';
import { removeMatching } from './remove-all.ts';

export interface ClientOptions {
  /** A file. Absent: those of KUBECONFIG, then ~/.kube/config, then the service account of the pod that we run in. */
  readonly kubeconfig?: string;
  /** Absent: the kubeconfig's current one. */
  readonly context?: string;
  /** Absent: the context's, else `default`. */
  readonly namespace?: string;
  /** `konverge/VERSION (PART)`: what the API server's audit log shows. */
  readonly userAgent: string;
  /** Whose fields these are, for the server: stands in metadata.managedFields. */
  readonly fieldManager: string;
  readonly logger: Logger;
  readonly clock: Clock;
  /** Between two tries of the same thing. */
  readonly pauses?: Pauses;
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/**
 * Reads the kubeconfig; asks the API server nothing. Throws `cluster-unconfigured`. A promise since the library behind it is
 * loaded only now: half a second and 80 MB that a run without a cluster does not pay.
 */
export async function openClusterClient(options: ClientOptions): Promise<ClusterClient> {
  const load = () => loadKubeconfig(options);
  const kubeconfig = await load();
  const credentials = new Credentials(kubeconfig, load);
  const api: Api = {
    credentials,
    server: kubeconfig.server,
    namespace: options.namespace ?? kubeconfig.namespace ?? 'default',
    userAgent: options.userAgent,
    fieldManager: options.fieldManager,
    clock: options.clock,
    logger: options.logger,
    pauses: options.pauses ?? defaultPauses,
  };
  const reflectors = new Set<Reflector>();
  return {
    server: api.server,
    context: kubeconfig.context,
    namespace: api.namespace,
    create: (type, object, more) => createObject(api, type, object, more),
    get: (type, name, more) => getObject(api, type, name, more),
    list: (type, more) => listObjects(api, type, more),
    patch: (type, name, patch, more) => patchObject(api, type, name, patch, more),
    remove: (type, name, more) => removeObject(api, type, name, more),
    removeAll: (type, more) => removeMatching(api, type, more),
    read: (path, more) => readPath(api, path, more?.signal, more?.patienceMs),
    mayI: (questions, more) => askAccess(api, questions, more),
    logs: (pod, more) => readLog(api, pod, more),
    exec: (pod, container, argv, more) => execute(api, pod, container, argv, more),
    reflect(type: ResourceType, more: ReflectOptions) {
      const reflector = reflect(api, type, more);
      reflectors.add(reflector);
      return reflector;
    },
    close() {
      for (const reflector of reflectors) reflector.close();
      credentials.close();
      return Promise.resolve();
    },
  };
}

function readPath(api: Api, path: string, signal?: AbortSignal, patienceMs?: number): Promise<unknown> {
  const what = { verb: 'get', resource: path };
  return told(api, what, async () => {
    try {
      return await call(api, { path, doing: what, signal }, patienceMs);
    } catch (error) {
      if (error instanceof CallFailure && error.status === 404) return undefined;
      throw error;
    }
  });
}
