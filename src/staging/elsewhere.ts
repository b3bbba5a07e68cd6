import { readFileSync } from 'node:fs';
import { rootCertificates } from 'node:tls';
import { KonvergeError } from '../domain/error.ts';
import type { StoreSettings } from '../domain/object-location.ts';
import { certificatesVariable } from '../domain/object-location.ts';
import type { StorageAccess } from '../ports/staging.ts';

type Stores = StorageAccess['stores'];

/** All stores, for an agent on another machine. */
export async function settingsElsewhere(
  stores: Stores,
  resolve: (settings: StoreSettings) => Promise<StoreSettings>,
): Promise<Stores> {
  const resolved = Object.entries(stores).map(async ([name, settings]) => [name, await resolve(settings)] as const);
  return Object.fromEntries(await Promise.all(resolved));
}

/** Neither credentials, which are in the settings then, nor what names a file, a profile or this machine's own services. */
const meaningful = new Set([
  'AWS_REGION',
  'AWS_DEFAULT_REGION',
  'AWS_ENDPOINT_URL',
  'AWS_ENDPOINT_URL_S3',
  'AWS_USE_FIPS_ENDPOINT',
  'AWS_USE_DUALSTACK_ENDPOINT',
  'AWS_EC2_METADATA_DISABLED',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'ALL_PROXY',
  'NO_PROXY',
]);

/**
 * Of the variables of a session those that mean the same on another machine, and the certificates that `AWS_CA_BUNDLE` names,
 * as text. Throws `storage-failed` if they cannot be read.
 */
export function environmentElsewhere(environment: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const kept = Object.entries(environment).filter(([name]) => meaningful.has(name.toUpperCase()));
  const bundle = environment['AWS_CA_BUNDLE'];
  const certificates = bundle ? ownCertificates(bundle) : '';
  return { ...Object.fromEntries(kept), ...(certificates !== '' && { [certificatesVariable]: certificates }) };
}

/** Without those that every Node has: the bundle of a whole system would fill each step's Secret. */
function ownCertificates(bundle: string): string {
  let text: string;
  try {
    text = readFileSync(bundle, 'utf8');
  } catch (cause) {
    throw new KonvergeError('storage-failed', `AWS_CA_BUNDLE cannot be read: ${(cause as Error).message}`, { cause });
  }
  const known = new Set(rootCertificates.map(bare));
  const found = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return found.filter((certificate) => !known.has(bare(certificate))).join('\n');
}

function bare(certificate: string): string {
  return certificate.replaceAll(/\s/g, '');
}
