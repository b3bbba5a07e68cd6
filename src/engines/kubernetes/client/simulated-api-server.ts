import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { KubernetesObject } from './object.ts';

/**
 * A simulation, for tests of faults that a real API server does not have at will: objects, lists with pages, watches with a
 * history, and a script of faults. It checks nothing. What a real server does, test/cluster has the tests of.
 */
export interface SimulatedApiServer {
  readonly url: string;
  /** `METHOD path?query` of every request, in order. */
  readonly seen: readonly string[];
  readonly userAgents: ReadonlySet<string>;
  readonly authorizations: readonly string[];
  /** The next request that matches is answered by `act`, in the place of the simulation. In order, each once. */
  fault(matches: RegExp, act: Fault): void;
  /** How many faults have not happened yet. */
  readonly faultsLeft: number;
  put(
    path: string,
    object: Partial<KubernetesObject> & { readonly metadata: { readonly name: string } },
  ): KubernetesObject;
  drop(path: string, name: string): void;
  objects(path: string): KubernetesObject[];
  /** A line to every open watch of a path. */
  say(path: string, line: string): void;
  bookmark(path: string): void;
  /** Cuts every connection, as a killed server does. */
  cut(): void;
  openWatches(path: string): number;
  /** Everything that happened is forgotten: watches from before answer 410. */
  compact(): void;
  /** Stops listening; `start` again at the same port. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

export type Fault = (request: IncomingMessage, response: ServerResponse) => void;

interface HistoryEntry {
  readonly path: string;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: KubernetesObject;
  readonly version: number;
}

export function statusAnswer(code: number, reason: string, message: string, more: object = {}): Fault {
  return (_request, response) => {
    const { headers = {}, ...body } = more as { headers?: Record<string, string> };
    response.writeHead(code, { 'Content-Type': 'application/json', ...headers });
    response.end(
      JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message, ...body }),
    );
  };
}

export const hangUp: Fault = (request) => {
  request.socket.destroy();
};

export async function startSimulatedApiServer(tls?: {
  readonly key: string;
  readonly cert: string;
}): Promise<SimulatedApiServer> {
  const stores = new Map<string, Map<string, KubernetesObject>>();
  const history: HistoryEntry[] = [];
  const watches = new Map<ServerResponse, string>();
  const sockets = new Set<Socket>();
  const faults: { readonly matches: RegExp; readonly act: Fault }[] = [];
  const seen: string[] = [];
  const userAgents = new Set<string>();
  const authorizations: string[] = [];
  let version = 100;
  let forgotten = 0;
  let port = 0;

  const storeOf = (path: string) => {
    const store = stores.get(path) ?? new Map<string, KubernetesObject>();
    stores.set(path, store);
    return store;
  };
  const happen = (path: string, type: HistoryEntry['type'], object: KubernetesObject) => {
    history.push({ path, type, object, version });
    for (const [watch, watched] of watches) if (watched === path) watch.write(`${JSON.stringify({ type, object })}\n`);
  };
  const put: SimulatedApiServer['put'] = (path, object) => {
    version += 1;
    const known = storeOf(path).get(object.metadata.name);
    const uid = object.metadata['uid'] ?? known?.metadata.uid ?? `uid-${version}`;
    const metadata = { ...object.metadata, uid, resourceVersion: String(version) } as KubernetesObject['metadata'];
    const stored = { apiVersion: 'v1', kind: 'ConfigMap', ...object, metadata } as KubernetesObject;
    storeOf(path).set(metadata.name, stored);
    happen(path, known === undefined ? 'ADDED' : 'MODIFIED', stored);
    return stored;
  };
  const drop = (path: string, name: string) => {
    const known = storeOf(path).get(name);
    if (known === undefined) return;
    version += 1;
    storeOf(path).delete(name);
    happen(path, 'DELETED', { ...known, metadata: { ...known.metadata, resourceVersion: String(version) } });
  };

  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const { method = 'GET', url = '/' } = request;
    const line = `${method} ${url}`;
    seen.push(line);
    userAgents.add(request.headers['user-agent'] ?? '');
    authorizations.push(request.headers.authorization ?? '');
    const index = faults.findIndex(({ matches }) => matches.test(line));
    if (index >= 0) {
      const [fault] = faults.splice(index, 1);
      fault?.act(request, response);
      return;
    }
    const { pathname, searchParams } = new URL(url, 'http://simulation');
    const body = await bodyOf(request);
    const json = (code: number, value: unknown) => {
      response.writeHead(code, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify(value));
    };
    if (method === 'POST') {
      const object = body as KubernetesObject;
      const { name } = object.metadata;
      if (storeOf(pathname).has(name)) {
        statusAnswer(409, 'AlreadyExists', `configmaps "${name}" already exists`, { details: { name } })(
          request,
          response,
        );
        return;
      }
      return json(201, put(pathname, object));
    }
    if (method === 'GET' && searchParams.has('watch')) {
      const from = Number(searchParams.get('resourceVersion'));
      if (from < forgotten) {
        statusAnswer(410, 'Expired', 'too old resource version')(request, response);
        return;
      }
      response.writeHead(200, { 'Content-Type': 'application/json' });
      response.flushHeaders();
      for (const { path, type, object, version: at } of history) {
        if (path === pathname && at > from) response.write(`${JSON.stringify({ type, object })}\n`);
      }
      watches.set(response, pathname);
      response.on('close', () => watches.delete(response));
      return;
    }
    if (pathname.endsWith('/log')) {
      const [, folder = '', name = ''] = /^(.*)\/([^/]+)\/log$/.exec(pathname) ?? [];
      const answer = storeOf(folder).has(name)
        ? (_: IncomingMessage, open: ServerResponse) => open.writeHead(200).flushHeaders()
        : statusAnswer(404, 'NotFound', `pods "${name}" not found`, { details: { name, kind: 'pods' } });
      answer(request, response);
      return;
    }
    const name = pathname.slice(pathname.lastIndexOf('/') + 1);
    const folder = pathname.slice(0, pathname.lastIndexOf('/'));
    if (method === 'GET' && !stores.has(folder)) {
      const limit = Number(searchParams.get('limit') ?? Number.POSITIVE_INFINITY);
      const begin = Number(searchParams.get('continue') ?? 0);
      const items = [...storeOf(pathname).values()];
      const more = begin + limit < items.length ? { continue: String(begin + limit) } : {};
      const metadata = { resourceVersion: String(version), ...more };
      return json(200, { kind: 'List', apiVersion: 'v1', metadata, items: items.slice(begin, begin + limit) });
    }
    const known = storeOf(folder).get(name);
    if (known === undefined) {
      statusAnswer(404, 'NotFound', `configmaps "${name}" not found`, { details: { name, kind: 'configmaps' } })(
        request,
        response,
      );
      return;
    }
    if (method === 'DELETE') {
      drop(folder, name);
      return json(200, { kind: 'Status', status: 'Success' });
    }
    if (method === 'PATCH') return json(200, put(folder, { ...known, ...(body as object) }));
    return json(200, known);
  };

  const listener = (request: IncomingMessage, response: ServerResponse) => {
    handle(request, response).catch((error: unknown) => response.destroy(error as Error));
  };
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  const start = async () => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    ({ port } = server.address() as AddressInfo);
  };
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  const say = (path: string, line: string) => {
    for (const [watch, watched] of watches) if (watched === path) watch.write(line);
  };
  await start();
  return {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    seen,
    userAgents,
    authorizations,
    fault: (matches, act) => faults.push({ matches, act }),
    get faultsLeft() {
      return faults.length;
    },
    put,
    drop,
    objects: (path) => [...storeOf(path).values()],
    say,
    bookmark(path: string) {
      const object = { kind: 'ConfigMap', apiVersion: 'v1', metadata: { resourceVersion: String(version) } };
      say(path, `${JSON.stringify({ type: 'BOOKMARK', object })}\n`);
    },
    cut,
    openWatches: (path) => [...watches.values()].filter((watched) => watched === path).length,
    compact() {
      history.length = 0;
      forgotten = version;
    },
    start,
    async stop() {
      const closed = once(server, 'close');
      server.close();
      cut();
      await closed;
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return chunks.length === 0 ? undefined : JSON.parse(Buffer.concat(chunks).toString('utf8'));
}
