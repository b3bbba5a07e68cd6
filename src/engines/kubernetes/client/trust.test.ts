import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { resources } from './object.ts';
import { startSimulatedApiServer } from './simulated-api-server.ts';
import { openTestClient, writeKubeconfig } from './simulated-client.ts';

function certificate(name: string): { readonly key: string; readonly cert: string } {
  const folder = mkdtempSync(path.join(tmpdir(), 'konverge-certificate-'));
  const files = ['-keyout', path.join(folder, 'key'), '-out', path.join(folder, 'cert')];
  const subject = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=${name}`];
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', ...files, ...subject],
    { stdio: 'pipe' },
  );
  return { key: readFileSync(path.join(folder, 'key'), 'utf8'), cert: readFileSync(path.join(folder, 'cert'), 'utf8') };
}

const data = (pem: string) => ({ 'certificate-authority-data': Buffer.from(pem).toString('base64') });

test('TLS: the right authority, a wrong one, a wrong name, and a server without it', async (context) => {
  if (spawnSync('openssl', ['version']).status !== 0)
    context.skip('not possible here: no openssl, to make certificates');
  const right = certificate('IP:127.0.0.1');
  const wrong = certificate('DNS:elsewhere.example');
  const server = await startSimulatedApiServer(right);
  const other = await startSimulatedApiServer(wrong);
  const plain = await startSimulatedApiServer();
  server.put('/api/v1/namespaces/team/pods', { metadata: { name: 'p' } });
  const ask = async (url: string, cluster: object) => {
    const client = await openTestClient(await writeKubeconfig(url, { token: 'secret-token' }, { ...cluster }));
    try {
      return (await client.get(resources.pods, 'p', { patienceMs: 60_000 }))?.metadata.name;
    } catch (error) {
      const { code, message, cause } = error as { code: string; message: string; cause: Error };
      expect(`${message} ${cause.stack}`).not.toContain('secret-token');
      return `${code}: ${message}`;
    } finally {
      await client.close();
    }
  };
  try {
    expect(await ask(server.url, data(right.cert))).toBe('p');
    expect(await ask(server.url, { 'insecure-skip-tls-verify': true })).toBe('p');
    expect(await ask(server.url, data(wrong.cert))).toBe(
      `cluster-unreachable: no safe connection to the API server ${server.url} (get pods p in namespace team): its certificate is not signed by the authority that the kubeconfig names (DEPTH_ZERO_SELF_SIGNED_CERT)`,
    );
    expect(await ask(other.url, data(wrong.cert))).toContain('its certificate is for another name');
    expect(await ask(plain.url.replace('http:', 'https:'), data(wrong.cert))).toContain(
      'it does not speak TLS, or no version that both know',
    );
  } finally {
    await Promise.all([server.stop(), other.stop(), plain.stop()]);
  }
});

test('a name that DNS does not know', async () => {
  const client = await openTestClient(await writeKubeconfig('https://no-such-host.invalid'));
  await expect(client.get(resources.pods, 'p', { patienceMs: 1 })).rejects.toMatchObject({
    code: 'cluster-unreachable',
    message: expect.stringMatching(/its host name is not known to DNS|DNS does not answer/),
  });
  await client.close();
});
