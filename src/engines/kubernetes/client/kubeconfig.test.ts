import { chmod, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { Credentials } from './credentials.ts';
import { type KubeconfigOptions, loadKubeconfig } from './kubeconfig.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'konverge-kubeconfig-'));
});

function content(
  name: string,
  more: {
    readonly user?: object;
    readonly cluster?: object;
    readonly current?: string;
    readonly namespace?: string;
  } = {},
) {
  return {
    clusters: [{ name, cluster: { server: `https://${name}.example:6443/`, ...more.cluster } }],
    users: [{ name, user: more.user ?? {} }],
    contexts: [{ name, context: { cluster: name, user: name, namespace: more.namespace } }],
    ...(more.current !== undefined && { 'current-context': more.current }),
  };
}

async function write(name: string, value: unknown): Promise<string> {
  const file = path.join(folder, name);
  await writeFile(file, typeof value === 'string' ? value : JSON.stringify(value));
  return file;
}

function load(options: KubeconfigOptions) {
  return loadKubeconfig({ environment: { HOME: folder }, ...options });
}

async function message(options: KubeconfigOptions): Promise<string> {
  return load(options).then(
    () => expect.unreachable('it should have failed'),
    (error: { code: string; message: string }) => `${error.code}: ${error.message}`,
  );
}

async function headers(options: KubeconfigOptions) {
  const credentials = new Credentials(await load(options), () => load(options));
  const access = await credentials.current();
  credentials.close();
  return { headers: access.headers, tls: access.tls };
}

test('the file that is named, with its current context', async () => {
  const file = await write('a', content('one', { current: 'one', namespace: 'ns' }));
  expect(await load({ kubeconfig: file })).toMatchObject({
    context: 'one',
    server: 'https://one.example:6443',
    namespace: 'ns',
  });
});

test('KUBECONFIG: files that are missing are passed over, and the first that has a name wins', async () => {
  const first = await write('a', { ...content('one', { cluster: { server: 'https://first' } }) });
  const second = await write('b', { ...content('one', { current: 'one', cluster: { server: 'https://second' } }) });
  const third = await write('c', content('two', { current: 'two' }));
  const KUBECONFIG = [path.join(folder, 'missing'), first, second, third].join(':');
  expect(await load({ environment: { KUBECONFIG } })).toMatchObject({ context: 'one', server: 'https://first' });
  expect(await load({ environment: { KUBECONFIG }, context: 'two' })).toMatchObject({
    server: 'https://two.example:6443',
  });
});

test('nothing at all: says where it looked', async () => {
  expect(await message({})).toBe(
    `cluster-unconfigured: there is no kubeconfig at ${folder}/.kube/config, and this is no pod with a service account`,
  );
  expect(await message({ environment: { KUBECONFIG: '/nowhere/x' } })).toContain('no kubeconfig at /nowhere/x,');
  expect(await message({ kubeconfig: '/nowhere/x' })).toBe(
    'cluster-unconfigured: the kubeconfig /nowhere/x cannot be read: it is not there',
  );
});

test('a context that is not there: lists those that are', async () => {
  const file = await write('a', content('one'));
  expect(await message({ kubeconfig: file })).toBe(`cluster-unconfigured: ${file}: no current context; it has one`);
  expect(await message({ kubeconfig: file, context: 'prod' })).toBe(
    `cluster-unconfigured: ${file}: no context prod; it has one`,
  );
});

test.each([
  ['clusters: [\n  secret-token', /is not YAML: \S+ in line \d/],
  ['hello', /is no kubeconfig: it has no clusters or no contexts/],
  [{ clusters: [{ name: 'x' }], contexts: [] }, /clusters\[0\].cluster is missing/],
  [{ ...content('one', { current: 'one' }), clusters: [] }, /names a cluster one that is not there/],
  [content('one', { current: 'one', cluster: { server: 'nonsense' } }), /is no URL/],
  [
    content('one', { current: 'one', cluster: { server: 'http://far.example' } }),
    /is not https, so credentials would go unencrypted/,
  ],
])('a bad file is told, without what is in it (%#)', async (value, expected) => {
  const text = await message({ kubeconfig: await write('a', value) });
  expect(text).toMatch(expected);
  expect(text).not.toContain('secret-token');
});

test('a context without a user still has its certificate authority', async () => {
  const file = await write('a', {
    ...content('one', {
      current: 'one',
      cluster: { 'certificate-authority-data': Buffer.from('CA').toString('base64') },
    }),
    users: [],
  });
  const { tls } = await headers({ kubeconfig: file });
  expect(String(tls.ca)).toBe('CA');
});

test('a token file, relative to the kubeconfig, without its newline', async () => {
  await write('token', 'abc\n');
  const file = await write('a', content('one', { current: 'one', user: { tokenFile: 'token' } }));
  expect((await headers({ kubeconfig: file })).headers).toEqual({ Authorization: 'Bearer abc' });
});

test('a refused token is read again from the file', async () => {
  await write('token', 'old');
  const file = await write('a', content('one', { current: 'one', user: { tokenFile: 'token' } }));
  const credentials = new Credentials(await load({ kubeconfig: file }), () => load({ kubeconfig: file }));
  const access = await credentials.current();
  await write('token', 'new');
  expect(await credentials.current()).toBe(access);
  await credentials.renew(access);
  const renewed = await credentials.current();
  expect([access.headers['Authorization'], renewed.headers['Authorization']]).toEqual(['Bearer old', 'Bearer new']);
  // Somebody else with the old ones does not throw away the new ones.
  await credentials.renew(access);
  expect(await credentials.current()).toBe(renewed);
  credentials.close();
});

test('a password, and whom to be', async () => {
  const user = { username: 'u', password: 'p', as: 'other', 'as-groups': ['g1', 'g2'] };
  const file = await write('a', content('one', { current: 'one', user }));
  expect((await headers({ kubeconfig: file })).headers).toEqual({
    Authorization: `Basic ${Buffer.from('u:p').toString('base64')}`,
    'Impersonate-User': 'other',
    'Impersonate-Group': ['g1', 'g2'],
  });
});

test('a credential program: started beside the kubeconfig, and told what is asked', async () => {
  const program = await write(
    'login.sh',
    `#!/bin/sh
case "$KUBERNETES_EXEC_INFO" in *ExecCredential*) ;; *) exit 1;; esac
echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"from-program"}}'
`,
  );
  await chmod(program, 0o755);
  const user = {
    exec: { apiVersion: 'client.authentication.k8s.io/v1', command: './login.sh', interactiveMode: 'Never' },
  };
  const file = await write('a', content('one', { current: 'one', user }));
  expect((await headers({ kubeconfig: file })).headers).toEqual({ Authorization: 'Bearer from-program' });
});

test('a credential program that fails: its first words, but no token', async () => {
  const program = await write(
    'login.sh',
    '#!/bin/sh\necho "session is over, log in again; Bearer eyJhbGciOiJSUzI1NiJ9.abc" >&2\nexit 1\n',
  );
  await chmod(program, 0o755);
  const user = { exec: { apiVersion: 'client.authentication.k8s.io/v1', command: program } };
  const file = await write('a', content('one', { current: 'one', user }));
  await expect(headers({ kubeconfig: file })).rejects.toMatchObject({
    kind: 'credentials',
    message: 'session is over, log in again; Bearer …',
  });
});
