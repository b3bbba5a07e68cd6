import type { StoreSettings } from '../../domain/object-location.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import { openDirectoryStore } from './directory/store.ts';
import type { ObjectStoreOptions } from './options.ts';
import { resolveS3Settings } from './s3/resolve.ts';
import { openS3Store } from './s3/store.ts';

/** Opens a store as a session describes it. To add an adapter: a folder, and a line here. */
export function openObjectStore(settings: StoreSettings, options: ObjectStoreOptions = {}): ObjectStore {
  switch (settings.kind) {
    case 's3':
      return openS3Store(settings, options);
    case 'directory':
      return openDirectoryStore();
  }
}

/**
 * The settings with what the store's own client finds on this machine (credentials, a region) written out, for a client on
 * another one. What it does not find stays absent.
 */
export async function resolveStoreSettings(settings: StoreSettings): Promise<StoreSettings> {
  return settings.kind === 's3' ? await resolveS3Settings(settings) : settings;
}
