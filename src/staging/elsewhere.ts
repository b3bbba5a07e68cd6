import type { StoreSettings } from '../domain/object-location.ts';
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

/** Of the variables of a session those that mean the same on another machine. */
export function environmentElsewhere(environment: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => meaningful.has(name.toUpperCase())));
}
