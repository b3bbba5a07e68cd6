import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ObjectLocation } from '../../../src/domain/object-location.ts';
import type { ObjectStore } from '../../../src/ports/object-store.ts';
import { openObjectStore } from '../../../src/storage/objects/registry.ts';
import { startFaultyProxy } from '../../object-store-server/faulty-proxy.ts';
import type { ObjectStoreServer } from '../../object-store-server/server.ts';

/** What a case needs of a store, where not every store has it. */
export type Need = 'second-completion-tells-same-size';

/** A store with nothing in it. */
export interface EmptyStore {
  /** Below which a case may write; its key ends so that a name can follow. */
  readonly root: ObjectLocation;
  /** Another client each time. */
  open(): ObjectStore;
  close(): Promise<void>;
}

/** One store, in one way of using it, that the conformance suite is run over. */
export interface Subject {
  readonly name: string;
  readonly needsServer: boolean;
  /** What it cannot do, with the reason. A case that needs it is reported as skipped with that reason, never dropped. */
  readonly unsupported: Partial<Readonly<Record<Need, string>>>;
  open(server: () => Promise<ObjectStoreServer>): Promise<EmptyStore>;
}

let buckets = 0;

/** A bucket of its own for each; the store makes it when the first object is written. */
export function newRoot(): ObjectLocation {
  buckets += 1;
  return { store: 'test', bucket: `bucket-${process.pid}-${buckets}`, key: '' };
}

/** Every store of the project. To run the suite over a new one: an entry here. */
export const subjects: readonly Subject[] = [
  {
    name: 's3',
    needsServer: true,
    unsupported: {},
    async open(server) {
      const { settings } = await server();
      return { root: newRoot(), open: () => openObjectStore(settings), close: async () => {} };
    },
  },
  {
    name: 's3 without multipart uploads',
    needsServer: true,
    unsupported: {
      'second-completion-tells-same-size': 'several parts become one object with an ETag of its own',
    },
    async open(server) {
      const { settings, endpoint } = await server();
      const proxy = await startFaultyProxy(endpoint);
      const unknown = { kind: 'answer', status: 501, code: 'NotImplemented' } as const;
      proxy.add({ operation: 'CreateMultipartUpload', fault: unknown, times: null });
      proxy.add({ operation: 'ListMultipartUploads', fault: unknown, times: null });
      return {
        root: newRoot(),
        open: () => openObjectStore({ ...settings, endpointUrl: proxy.endpoint }),
        close: () => proxy.close(),
      };
    },
  },
  {
    name: 'directory',
    needsServer: false,
    unsupported: {},
    async open() {
      const folder = await mkdtemp(path.join(tmpdir(), 'konverge-objects-'));
      return {
        root: { store: 'test', bucket: '', key: `${folder}/` },
        open: () => openObjectStore({ kind: 'directory' }),
        close: () => rm(folder, { recursive: true, force: true }),
      };
    },
  },
];
