import type { ClusterClient } from './cluster-client.ts';

/** The same client with another namespace for what does not say one. To close the one it is made of is enough. */
export function within(client: ClusterClient, namespace: string): ClusterClient {
  if (namespace === client.namespace) return client;
  return {
    server: client.server,
    context: client.context,
    namespace,
    create: (type, object, options) => client.create(type, object, { namespace, ...options }),
    get: (type, name, options) => client.get(type, name, { namespace, ...options }),
    list: (type, options) => client.list(type, { namespace, ...options }),
    patch: (type, name, patch, options) => client.patch(type, name, patch, { namespace, ...options }),
    remove: (type, name, options) => client.remove(type, name, { namespace, ...options }),
    removeAll: (type, options) => client.removeAll(type, { namespace, ...options }),
    read: (path, options) => client.read(path, options),
    mayI: (questions, options) => client.mayI(questions, options),
    logs: (pod, options) => client.logs(pod, { namespace, ...options }),
    exec: (pod, container, argv, options) => client.exec(pod, container, argv, { namespace, ...options }),
    reflect: (type, options) => client.reflect(type, { namespace, ...options }),
    close: () => Promise.resolve(),
  };
}
