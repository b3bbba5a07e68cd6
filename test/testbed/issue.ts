import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { apiServerUrl } from './addresses.ts';
import { authorities, type Certificate, certificates, clients, extensionsOf, subjectOf } from './certificate.ts';
import { runCommand } from './command.ts';
import { kubeconfigOf } from './kubeconfig.ts';
import type { Place } from './place.ts';

const days = '3650';
const newKey = '-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes';

/** Makes all certificates, keys and kubeconfigs that are not there yet. */
export async function issueAll(place: Place): Promise<void> {
  const { pki } = place;
  await mkdir(pki, { recursive: true });
  await chmod(pki, 0o700);
  await Promise.all([...authorities.map((name) => makeAuthority(pki, name)), makeServiceAccountKey(pki)]);
  await Promise.all(certificates.map((certificate) => issue(pki, certificate)));
  for (const { name } of clients) {
    const file = name === 'admin' ? place.kubeconfig : path.join(pki, `${name}.kubeconfig`);
    await writeKubeconfig(pki, name, file);
  }
}

/** A kubeconfig of a user of that name and groups; it is made when it is asked for. */
export async function issueUser(place: Place, certificate: Certificate): Promise<string> {
  const file = path.join(place.pki, `${certificate.name}.kubeconfig`);
  await issue(place.pki, certificate);
  await writeKubeconfig(place.pki, certificate.name, file);
  return file;
}

async function makeAuthority(pki: string, name: string): Promise<void> {
  const [key, crt] = [path.join(pki, `${name}.key`), path.join(pki, `${name}.crt`)];
  if (existsSync(crt)) return;
  const subject = `/CN=konverge-testbed-${name}`;
  await openssl(`req -x509 ${newKey} -days ${days}`, '-keyout', key, '-out', `${crt}.new`, '-subj', subject);
  await rename(`${crt}.new`, crt);
}

/** Service account tokens are signed with it. */
async function makeServiceAccountKey(pki: string): Promise<void> {
  const [key, pub] = [path.join(pki, 'service-accounts.key'), path.join(pki, 'service-accounts.pub')];
  if (existsSync(pub)) return;
  await openssl('genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048', '-out', key);
  await openssl('pkey -pubout', '-in', key, '-out', `${pub}.new`);
  await rename(`${pub}.new`, pub);
}

async function issue(pki: string, certificate: Certificate): Promise<void> {
  const file = (ending: string): string => path.join(pki, `${certificate.name}.${ending}`);
  if (existsSync(file('crt'))) return;
  const authority = path.join(pki, certificate.authority);
  await writeFile(file('ext'), extensionsOf(certificate));
  await openssl(`req ${newKey}`, '-keyout', file('key'), '-out', file('csr'), '-subj', subjectOf(certificate));
  const signer = ['-CA', `${authority}.crt`, '-CAkey', `${authority}.key`];
  const files = ['-in', file('csr'), '-out', file('new'), '-extfile', file('ext')];
  await openssl(`x509 -req -days ${days}`, ...signer, ...files);
  await rename(file('new'), file('crt'));
  await Promise.all([rm(file('csr')), rm(file('ext'))]);
}

/** @param fixed  words without blanks in them */
async function openssl(fixed: string, ...words: readonly string[]): Promise<void> {
  await runCommand(['openssl', ...fixed.split(' '), ...words]);
}

async function writeKubeconfig(pki: string, name: string, file: string): Promise<void> {
  const [authority, certificate, key] = await Promise.all(
    ['ca.crt', `${name}.crt`, `${name}.key`].map((part) => readFile(path.join(pki, part), 'base64')),
  );
  const text = kubeconfigOf(apiServerUrl, {
    name,
    authority: authority ?? '',
    certificate: certificate ?? '',
    key: key ?? '',
  });
  await writeFile(file, text, { mode: 0o600 });
}
