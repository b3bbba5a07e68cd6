import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { certificates, clients, extensionsOf, subjectOf, user } from './certificate.ts';
import { tryCommand } from './command.ts';
import { issueAll, issueUser } from './issue.ts';
import { placeOf } from './place.ts';

test('every certificate has a name of its own', () => {
  expect(new Set(certificates.map(({ name }) => name)).size).toBe(certificates.length);
});

test('operators are the service accounts that their RBAC is for', () => {
  const kueue = clients.find(({ name }) => name === 'kueue');
  expect(kueue && subjectOf(kueue)).toBe(
    '/O=system:serviceaccounts/O=system:serviceaccounts:kueue-system/CN=system:serviceaccount:kueue-system:kueue-controller-manager',
  );
});

test('a subject may hold what openssl takes for a border', () => {
  expect(subjectOf(user('a', 'a/b+c', ['d\\e']))).toBe('/O=d\\\\e/CN=a\\/b\\+c');
});

test('extensions name what it is for', () => {
  const serving = certificates.find(({ name }) => name === 'serving');
  expect(serving && extensionsOf(serving)).toContain('extendedKeyUsage=serverAuth\nsubjectAltName=IP:127.0.0.1,DNS:');
  expect(extensionsOf(user('a', 'a', []))).toBe('keyUsage=digitalSignature\nextendedKeyUsage=clientAuth\n');
});

const lack = (await tryCommand(['openssl', 'version'])).code === 0 ? undefined : 'missing tool: openssl';

describe.skipIf(lack !== undefined)(`issued certificates${lack ? ` (${lack})` : ''}`, async () => {
  const state = await mkdtemp(path.join(tmpdir(), 'konverge-pki-'));
  const place = placeOf({ XDG_STATE_HOME: state });
  afterAll(() => rm(state, { recursive: true, force: true }));
  const read = async (name: string): Promise<X509Certificate> =>
    new X509Certificate(await readFile(path.join(place.pki, `${name}.crt`)));

  test('are signed by the right authority, for the right names', { timeout: 60_000 }, async () => {
    await issueAll(place);
    const [authority, proxy, server] = await Promise.all(['ca', 'front-proxy', 'kube-apiserver'].map(read));
    expect(server?.verify(authority!.publicKey)).toBe(true);
    expect((await read('front-proxy-client')).verify(proxy!.publicKey)).toBe(true);
    expect(server?.checkIP('10.96.0.1')).toBe('10.96.0.1');
    expect(server?.checkHost('kubernetes.default.svc.cluster.local')).toBeDefined();
    expect((await stat(place.kubeconfig)).mode & 0o777).toBe(0o600);

    // Again: nothing is made anew.
    await issueAll(place);
    expect((await read('kube-apiserver')).fingerprint256).toBe(server?.fingerprint256);
  });

  test('a user of a test gets a kubeconfig', { timeout: 60_000 }, async () => {
    const file = await issueUser(place, user('user-ann', 'ann', ['team']));
    const config = parse(await readFile(file, 'utf8')) as { users: { user: Record<string, string> }[] };
    const certificate = new X509Certificate(
      Buffer.from(config.users[0]?.user['client-certificate-data'] ?? '', 'base64'),
    );
    expect(certificate.subject).toBe('O=team\nCN=ann');
  });
});
