import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { ClusterClient, ReflectOptions } from './cluster-client.ts';
import { type KubernetesObject, resources } from './object.ts';
import { hangUp, type SimulatedApiServer, startSimulatedApiServer, statusAnswer } from './simulated-api-server.ts';
import { openTestClient, writeKubeconfig } from './simulated-client.ts';

// Against a simulated API server; test/cluster/client has a real one.

const maps = '/api/v1/namespaces/team/configmaps';
let server: SimulatedApiServer;
let client: ClusterClient;
let told: string[];
let troubles: string[];

beforeEach(async () => {
  server = await startSimulatedApiServer();
  client = await openTestClient(await writeKubeconfig(server.url));
  told = [];
  troubles = [];
});

afterEach(async () => {
  await client.close();
  await server.stop();
});

function follow(more: Partial<ReflectOptions> = {}) {
  return client.reflect(resources.configMaps, {
    changed: (object) => told.push(`${object.metadata.name}=${valueOf(object)}`),
    gone: (object) => told.push(`${object.metadata.name} gone`),
    trouble: (trouble) => troubles.push(trouble === undefined ? 'well' : trouble.message),
    ...more,
  });
}

function valueOf(object: KubernetesObject): string {
  return (object['data'] as { v?: string } | undefined)?.v ?? '';
}

function set(name: string, v: string) {
  return server.put(maps, { metadata: { name }, data: { v } });
}

async function watching(count = 1) {
  await vi.waitFor(() => expect(server.openWatches(maps)).toBe(count), { timeout: 5000 });
}

async function hears(...expected: string[]) {
  await vi.waitFor(() => expect(told).toEqual(expected), { timeout: 10_000 });
}

function requests(kind: 'list' | 'watch'): number {
  return server.seen.filter((line) => line.includes('watch=1') === (kind === 'watch')).length;
}

test('tells what is there, then each change, then each end', async () => {
  set('a', '1');
  const reflection = follow();
  await reflection.synced;
  expect(told).toEqual(['a=1']);
  await watching();
  set('b', '1');
  set('a', '2');
  server.drop(maps, 'b');
  await hears('a=1', 'b=1', 'a=2', 'b gone');
  expect([...reflection.objects()].map(valueOf)).toEqual(['2']);
  const [watch] = server.seen.filter((line) => line.includes('watch=1'));
  expect(watch).toMatch(/allowWatchBookmarks=true&resourceVersion=\d+&timeoutSeconds=2[4-9]\d/);
  reflection.close();
  set('a', '3');
  await watching(0);
  expect(told.at(-1)).toBe('b gone');
});

test('simulated: a cut watch goes on where it was, without a list and without trouble', async () => {
  set('a', '1');
  await follow().synced;
  await watching();
  server.cut();
  set('a', '2');
  await hears('a=1', 'a=2');
  expect(requests('list')).toBe(1);
  expect(troubles).toEqual([]);
});

test('simulated: an event that comes twice, or late, is told once', async () => {
  const first = set('a', '1');
  await follow().synced;
  await watching();
  const second = set('a', '2');
  await hears('a=1', 'a=2');
  for (const [type, object] of [
    ['MODIFIED', first],
    ['MODIFIED', second],
    ['DELETED', first],
    ['ADDED', second],
  ] as const) {
    server.say(maps, `${JSON.stringify({ type, object })}\n`);
  }
  set('a', '3');
  await hears('a=1', 'a=2', 'a=3');
});

test('simulated: a line of garbage loses nothing', async () => {
  await follow().synced;
  await watching();
  server.say(maps, '{"type":"ADDED","object":{"metadata":\n');
  set('a', '1');
  await hears('a=1');
});

test('simulated: an event in pieces, in the middle of a letter', async () => {
  await follow().synced;
  await watching();
  const object = { kind: 'ConfigMap', metadata: { name: 'ä', uid: 'u', resourceVersion: '999' }, data: { v: 'ö' } };
  const line = Buffer.from(`${JSON.stringify({ type: 'ADDED', object })}\n`);
  for (const byte of line) server.say(maps, Buffer.from([byte]) as unknown as string);
  await hears('ä=ö');
});

test('simulated: 410 and ERROR events lead to a list, and what was missed is told', async () => {
  set('a', '1');
  set('b', '1');
  await follow().synced;
  await watching();
  // The server forgets while nobody watches.
  server.fault(/watch=1/, (request, response) => {
    set('a', '2');
    server.drop(maps, 'b');
    set('c', '1');
    server.compact();
    statusAnswer(410, 'Expired', 'too old resource version: 1 (2)')(request, response);
  });
  server.cut();
  await vi.waitFor(() => expect(told.toSorted()).toEqual(['a=1', 'a=2', 'b gone', 'b=1', 'c=1']), { timeout: 5000 });
  expect(requests('list')).toBe(2);
  await watching();
  server.say(maps, `${JSON.stringify({ type: 'ERROR', object: { kind: 'Status', code: 410, message: 'too old' } })}\n`);
  await vi.waitFor(() => expect(requests('list')).toBe(3));
  expect(troubles).toEqual([]);
});

test('simulated: the name of a removed object that another one has by the next list', async () => {
  set('a', '1');
  await follow().synced;
  await watching();
  server.fault(/watch=1/, (request, response) => {
    server.drop(maps, 'a');
    set('a', '2');
    server.compact();
    statusAnswer(410, 'Expired', 'too old')(request, response);
  });
  server.cut();
  await hears('a=1', 'a gone', 'a=2');
});

test('simulated: a list whose next page is forgotten', async () => {
  for (let i = 0; i < 600; i += 1) set(`m${i}`, '1');
  server.fault(/continue=/, statusAnswer(410, 'Expired', 'The provided continue parameter is too old'));
  await follow().synced;
  expect(new Set(told).size).toBe(600);
  expect(told.length).toBe(600);
});

test('simulated: an outage is told once, and its end', async () => {
  set('a', '1');
  await follow().synced;
  await watching();
  await server.stop();
  await vi.waitFor(() => expect(troubles.length).toBe(1));
  expect(troubles[0]).toContain('does not answer (watch configmaps in namespace team): connection refused');
  set('a', '2');
  server.compact();
  await server.start();
  await hears('a=1', 'a=2');
  expect(troubles.length).toBe(2);
  expect(troubles[1]).toBe('well');
});

test('simulated: rights that are taken away and given back do not end it', async () => {
  await follow().synced;
  await watching();
  const denied = statusAnswer(
    403,
    'Forbidden',
    'configmaps is forbidden: User "u" cannot watch resource "configmaps" in API group "" in the namespace "team"',
  );
  for (let i = 0; i < 5; i += 1) server.fault(/GET/, denied);
  server.cut();
  await vi.waitFor(() => expect(server.faultsLeft).toBe(0), { timeout: 5000 });
  set('a', '1');
  await hears('a=1');
  expect(troubles.length).toBe(2);
  expect(troubles[0]).toMatch(/^may not watch configmaps in namespace team: .*cannot watch/);
});

test('simulated: a watch without a word, not even a bookmark, is broken off; one with bookmarks is not', async () => {
  const { reflect } = await import('./reflect.ts');
  const { Credentials } = await import('./credentials.ts');
  const { loadKubeconfig } = await import('./kubeconfig.ts');
  const { systemClock } = await import('../../../ports/clock.ts');
  const { silentLogger } = await import('../../../ports/logger.ts');
  const load = async () => loadKubeconfig({ kubeconfig: await writeKubeconfig(server.url) });
  const api = {
    credentials: new Credentials(await load(), load),
    server: server.url,
    namespace: 'team',
    userAgent: 'x',
    fieldManager: 'x',
    clock: systemClock,
    logger: silentLogger,
    pauses: { firstMs: 1, longestMs: 10 },
  };
  const idleMs = 400;
  const reflector = reflect(
    api,
    resources.configMaps,
    { changed: (object) => told.push(object.metadata.name), gone: () => undefined },
    idleMs,
  );
  await reflector.synced;
  await watching();
  // Slow bookmarks, but in time: for more than twice the deadline it stays the same watch.
  const begin = performance.now();
  await vi.waitFor(
    () => {
      server.bookmark(maps);
      expect(performance.now() - begin).toBeGreaterThan(2.5 * idleMs);
    },
    { timeout: 5000, interval: idleMs / 4 },
  );
  expect(requests('watch')).toBe(1);
  // Silence.
  await vi.waitFor(() => expect(requests('watch')).toBe(2), { timeout: 5000 });
  await watching();
  expect(requests('list')).toBe(1);
  set('a', '1');
  await vi.waitFor(() => expect(told).toEqual(['a']));
  reflector.close();
});

test('simulated: a relist mends what a watch has lost without a word', async () => {
  set('a', '1');
  await follow({ relistMs: 300 }).synced;
  await watching();
  // The watch says that all is told up to here; it is not.
  const { metadata } = set('hidden', '1');
  told.length = 0;
  server.drop(maps, 'a');
  expect(metadata.resourceVersion).toBeDefined();
  await vi.waitFor(() => expect(requests('list')).toBeGreaterThan(2), { timeout: 5000 });
  expect(told).toContain('a gone');
});

test('simulated: a first list that is forbidden ends it, with the reason', async () => {
  server.fault(
    /GET/,
    statusAnswer(
      403,
      'Forbidden',
      'configmaps is forbidden: User "u" cannot list resource "configmaps" in API group "" in the namespace "team"',
    ),
  );
  await expect(follow().synced).rejects.toMatchObject({ code: 'cluster-forbidden' });
  expect(requests('list')).toBe(1);
});

test('simulated: a kind that is not served ends it', async () => {
  server.fault(/GET/, (_request, response) => {
    response.writeHead(404, { 'Content-Type': 'text/plain' });
    response.end('404 page not found\n');
  });
  await expect(follow().synced).rejects.toMatchObject({ code: 'crd-missing' });
});

test('a server that is not there at the beginning: patience, then the end', async () => {
  await server.stop();
  await expect(follow({ patienceMs: 50 }).synced).rejects.toMatchObject({ code: 'cluster-unreachable' });
  expect(troubles.length).toBe(1);
  await server.start();
});

test('simulated: a server that ends every watch at once is not asked without a pause', async () => {
  await follow().synced;
  for (let i = 0; i < 8; i += 1) server.fault(/watch=1/, (_request, response) => response.writeHead(200).end());
  server.cut();
  await vi.waitFor(() => expect(server.faultsLeft).toBe(0), { timeout: 5000 });
  set('a', '1');
  await hears('a=1');
});

test('a listener that throws hears of the rest', async () => {
  set('a', '1');
  set('b', '1');
  const names: string[] = [];
  await follow({
    changed(object) {
      names.push(object.metadata.name);
      throw new Error('a defect of the listener');
    },
  }).synced;
  expect(names).toEqual(['a', 'b']);
});

test('simulated: a server that hangs up on everything for a while', async () => {
  for (let i = 0; i < 6; i += 1) server.fault(/GET/, hangUp);
  set('a', '1');
  await follow().synced;
  expect(told).toEqual(['a=1']);
});
