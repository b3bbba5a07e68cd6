import type { S3Settings } from '../../../domain/object-location.ts';
import type { ObjectStore } from '../../../ports/object-store.ts';
import type { ObjectStoreOptions } from '../options.ts';
import { makeClient } from './client.ts';
import type { Connection } from './connection.ts';
import { defaultPatience, type Patience } from './patience.ts';
import { head, list, read } from './reading.ts';
import { uploadsOf } from './uploads.ts';
import { put, remove } from './writing.ts';

/** Objects in S3, or in a store that speaks as S3 does. */
export function openS3Store(settings: S3Settings, options: ObjectStoreOptions = {}): ObjectStore {
  const tries = settings.retries ?? defaultPatience.tries;
  const patience: Patience = { ...defaultPatience, tries: Math.max(1, tries), ...options.patience };
  const client = makeClient(settings, patience, options.environment ?? process.env);
  const connection: Connection = { client, patience };
  return {
    kind: 's3',
    head: (at, signal) => head(connection, at, signal),
    list: (prefix, listOptions) => list(connection, prefix, listOptions),
    read: (at, readOptions) => read(connection, at, readOptions),
    put: (at, body, signal) => put(connection, at, body, signal),
    remove: (at, signal) => remove(connection, at, signal),
    ...uploadsOf(connection),
    close: () => client.destroy(),
  };
}
