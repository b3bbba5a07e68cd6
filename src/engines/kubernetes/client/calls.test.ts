import { json } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { KonvergeError } from '../../../domain/error.ts';
import type { ClusterClient } from './cluster-client.ts';
import { resources } from './object.ts';
import {
  type Fault,
  hangUp,
  type SimulatedApiServer,
  startSimulatedApiServer,
  statusAnswer,
} from './simulated-api-server.ts';
import { openTestClient, writeKubeconfig } from './simulated-client.ts';

// All of this against a simulated API server; test/cluster/client has what a real one can show.

const maps = '/api/v1/namespaces/team/configmaps';
const { configMaps } = resources;
const map = (name: string, data: Record<string, string> = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data,
});

let server: SimulatedApiServer;
let client: ClusterClient;

beforeEach(async () => {
  server = await startSimulatedApiServer();
  client = await openTestClient(await writeKubeconfig(server.url));
});

afterEach(async () => {
  await client.close();
  await server.stop();
});

async function failure(work: Promise<unknown>): Promise<KonvergeError> {
  return work.then(
    () => expect.unreachable('it should have failed'),
    (error: unknown) => error as KonvergeError,
  );
}

test('create, get, patch and remove; a second create finds the first', async () => {
  const first = await client.create(configMaps, map('a', { x: '1' }));
  expect(first).toMatchObject({ existed: false, object: { metadata: { name: 'a' }, data: { x: '1' } } });
  const second = await client.create(configMaps, map('a', { x: '2' }));
  expect(second).toMatchObject({ existed: true, object: { data: { x: '1' } } });
  expect(await client.get(configMaps, 'a')).toMatchObject({ data: { x: '1' } });
  expect(await client.patch(configMaps, 'a', { data: { x: '3' } })).toMatchObject({ data: { x: '3' } });
  expect(await client.remove(configMaps, 'a')).toBe(true);
  expect(await client.remove(configMaps, 'a')).toBe(false);
  expect(await client.get(configMaps, 'a')).toBeUndefined();
  expect(await client.patch(configMaps, 'a', {})).toBeUndefined();
  expect([...server.userAgents]).toEqual(['konverge/test (unit)']);
  expect(server.seen[0]).toBe(`POST ${maps}?fieldManager=konverge`);
});

test('simulated: a POST whose answer is lost is repeated, and finds its own object', async () => {
  server.fault(/^POST/, (request, response) => {
    server.put(maps, map('a', { by: 'the first try' }));
    hangUp(request, response);
  });
  const { object, existed } = await client.create(configMaps, map('a'));
  expect({ existed, data: object['data'] }).toEqual({ existed: true, data: { by: 'the first try' } });
});

test('simulated: a DELETE whose answer is lost was a removal all the same', async () => {
  server.put(maps, map('a'));
  server.fault(/^DELETE/, (request, response) => {
    server.drop(maps, 'a');
    hangUp(request, response);
  });
  expect(await client.remove(configMaps, 'a')).toBe(true);
});

test('remove with a uid leaves another object of that name alone', async () => {
  server.put(maps, map('a'));
  server.fault(
    /^DELETE/,
    statusAnswer(409, 'Conflict', 'Precondition failed: UID in precondition: x, UID in object meta: y'),
  );
  expect(await client.remove(configMaps, 'a', { uid: 'x' })).toBe(false);
});

test.each([500, 502, 503, 504])('simulated: status %i passes by itself', async (code) => {
  server.put(maps, map('a'));
  server.fault(/^GET/, statusAnswer(code, 'InternalError', 'failed calling webhook "x": connection refused'));
  server.fault(/^GET/, hangUp);
  expect(await client.get(configMaps, 'a')).toMatchObject({ metadata: { name: 'a' } });
  expect(server.faultsLeft).toBe(0);
});

test('simulated: Retry-After of a 429 is waited for', async () => {
  server.put(maps, map('a'));
  server.fault(/^GET/, statusAnswer(429, 'TooManyRequests', 'slow down', { headers: { 'Retry-After': '1' } }));
  const begin = performance.now();
  await client.get(configMaps, 'a');
  expect(performance.now() - begin).toBeGreaterThanOrEqual(990);
});

test('simulated: a Retry-After beyond the patience ends it at once', async () => {
  server.fault(/^GET/, statusAnswer(429, 'TooManyRequests', 'slow down', { headers: { 'Retry-After': '3600' } }));
  expect(await failure(client.get(configMaps, 'a'))).toMatchObject({
    code: 'cluster-unavailable',
    message: expect.stringContaining('get configmaps a in namespace team (status 429): slow down'),
  });
});

test("simulated: patience ends, and the error has the server's words", async () => {
  for (let i = 0; i < 200; i += 1) {
    server.fault(/^POST/, statusAnswer(500, 'InternalError', 'failed calling webhook "mjob.kb.io": no endpoints'));
  }
  const error = await failure(client.create(configMaps, map('a'), { patienceMs: 60 }));
  expect(error.code).toBe('cluster-unavailable');
  expect(error.message).toContain(
    'could not create configmaps a in namespace team (status 500): failed calling webhook "mjob.kb.io"',
  );
});

test.each([
  [401, 'Unauthorized', 'Unauthorized', 'cluster-denied'],
  [
    403,
    'Forbidden',
    'configmaps is forbidden: User "u" cannot create resource "configmaps" in API group "" in the namespace "team"',
    'cluster-forbidden',
  ],
  [403, 'Forbidden', 'pods "a" is forbidden: violates PodSecurity "restricted:latest": privileged', 'cluster-refused'],
  [
    403,
    'Forbidden',
    'configmaps "a" is forbidden: exceeded quota: q, requested: count/configmaps=1',
    'cluster-refused',
  ],
  [400, 'BadRequest', 'admission webhook "v" denied the request: no', 'cluster-refused'],
  [413, 'RequestEntityTooLarge', 'Request entity too large: limit is 3145728', 'cluster-refused'],
  [422, 'Invalid', 'ConfigMap "a" is invalid: metadata.name: Invalid value', 'cluster-refused'],
  [404, 'NotFound', 'the server could not find the requested resource', 'crd-missing'],
])("simulated: %i %s is told with the server's words", async (code, reason, words, expected) => {
  server.fault(/^POST/, statusAnswer(code, reason, words));
  server.fault(/^POST/, statusAnswer(code, reason, words));
  const error = await failure(client.create(configMaps, map('a')));
  expect(error.code).toBe(expected);
  expect(error.message).toContain(words);
  expect(error.message).toContain('create configmaps a in namespace team');
});

test('simulated: a namespace that is not there is no missing kind', async () => {
  server.fault(
    /^POST/,
    statusAnswer(404, 'NotFound', 'namespaces "team" not found', { details: { name: 'team', kind: 'namespaces' } }),
  );
  expect(await failure(client.create(configMaps, map('a')))).toMatchObject({ code: 'cluster-refused' });
});

test('simulated: the page of a proxy is no answer of an API server', async () => {
  server.fault(/^GET/, (_request, response) => {
    response.writeHead(302, { Location: 'http://login/' });
    response.end('<html>');
  });
  expect(await failure(client.get(configMaps, 'a', { patienceMs: 1 }))).toMatchObject({ code: 'cluster-unavailable' });
});

test('what a decoder quotes of a Secret is not repeated', async () => {
  const words =
    'Secret in version "v1" cannot be handled as a Secret: illegal base64 data at input byte 4, error found in #10 byte of ...|"pw":"hunter2"}|..., bigger context ...|hunter2|...';
  server.fault(/^POST/, statusAnswer(400, 'BadRequest', words));
  const error = await failure(client.create(resources.secrets, map('a')));
  expect(error.message).toContain('illegal base64 data');
  expect(error.message).not.toContain('hunter2');
});

test('a list has all pages, with kinds', async () => {
  for (let i = 0; i < 1203; i += 1) server.put(maps, map(`m${i}`));
  const { items } = await client.list(configMaps, { labelSelector: 'a=b' });
  expect(items.length).toBe(1203);
  expect(items.at(-1)).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap' });
  expect(
    server.seen.filter((line) => line.startsWith('GET')).map((line) => new URL(line.slice(4), 'http://x').search),
  ).toEqual([
    '?labelSelector=a%3Db&limit=500',
    '?labelSelector=a%3Db&limit=500&continue=500',
    '?labelSelector=a%3Db&limit=500&continue=1000',
  ]);
});

test('simulated: a list whose moment is forgotten begins again, at last without pages', async () => {
  for (let i = 0; i < 700; i += 1) server.put(maps, map(`m${i}`));
  server.fault(/continue=/, statusAnswer(410, 'Expired', 'The provided continue parameter is too old'));
  server.fault(/continue=/, statusAnswer(410, 'Expired', 'The provided continue parameter is too old'));
  const { items } = await client.list(configMaps);
  expect(new Set(items.map(({ metadata }) => metadata.name)).size).toBe(700);
  expect(server.seen.at(-1)).toBe(`GET ${maps}`);
});

test('removeAll removes each one, but what is on its way out', async () => {
  for (let i = 0; i < 40; i += 1) server.put(maps, map(`m${i}`));
  server.put(maps, { ...map('leaving'), metadata: { name: 'leaving', deletionTimestamp: '2026-01-01T00:00:00Z' } });
  expect(await client.removeAll(configMaps, { labelSelector: 'a=b' })).toBe(40);
  expect(server.objects(maps).map(({ metadata }) => metadata.name)).toEqual(['leaving']);
});

test('mayI answers in the order of the questions', async () => {
  const judge: Fault = (request, response) => {
    void json(request).then((review) => {
      const { spec } = review as { spec: { resourceAttributes: { verb: string } } };
      response.end(JSON.stringify({ status: { allowed: spec.resourceAttributes.verb === 'get' } }));
    });
  };
  const verbs = ['get', 'delete', 'get', 'create', 'patch', 'get', 'list', 'watch', 'get', 'delete'];
  for (const _ of verbs) server.fault(/^POST .*selfsubjectaccessreviews/, judge);
  const questions = verbs.map((verb) => ({ verb, group: '', resource: 'pods', namespace: 'team' }));
  expect(await client.mayI(questions)).toEqual(verbs.map((verb) => verb === 'get'));
});

test('read gives any path, and undefined where there is none', async () => {
  server.put('/apis', { metadata: { name: 'x' } });
  expect(await client.read('/apis/x')).toMatchObject({ metadata: { name: 'x' } });
  expect(await client.read('/apis/y')).toBeUndefined();
});

test('a server that is not there: named, with patience, and within it', async () => {
  await server.stop();
  const begin = performance.now();
  const error = await failure(client.get(configMaps, 'a', { patienceMs: 100 }));
  expect(error).toMatchObject({
    code: 'cluster-unreachable',
    message: `the API server ${server.url} does not answer (get configmaps a in namespace team): connection refused; nothing listens there`,
  });
  expect(performance.now() - begin).toBeLessThan(3000);
  await server.start();
});

test('an aborted signal ends a call in the middle of its patience', async () => {
  await server.stop();
  const abort = new AbortController();
  const asked = failure(client.get(configMaps, 'a', { signal: abort.signal, patienceMs: 60_000 }));
  abort.abort(new Error('no longer wanted'));
  expect((await asked).message).toBe('no longer wanted');
  await server.start();
});

test('a token that was refused is read again, once', async () => {
  server.put(maps, map('a'));
  server.fault(/^GET/, statusAnswer(401, 'Unauthorized', 'Unauthorized'));
  expect(await client.get(configMaps, 'a')).toBeDefined();
  expect(server.authorizations).toEqual(['Bearer secret-of-the-test', 'Bearer secret-of-the-test']);
});
