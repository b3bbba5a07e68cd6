import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildPatienceMs, type ObjectStoreServer, startObjectStoreServer } from '../object-store-server/server.ts';
import type { StoreUnderTest } from './live-agent.ts';

export { buildPatienceMs };

let tests = 0;

/** A place of its own for one test in a bucket of this server. */
export function s3Place(server: ObjectStoreServer, endpointUrl: string = server.endpoint): StoreUnderTest {
  const root = { store: 'main', bucket: 'bucket', key: `test${tests++}/` };
  return { settings: { ...server.settings, endpointUrl }, root };
}

/** Both kinds of stores: what the agent promises holds in each. */
export const storeKinds = ['s3', 'directory'] as const;

export interface Stores {
  place(kind: (typeof storeKinds)[number]): StoreUnderTest;
  stop(): Promise<void>;
}

export async function startStores(): Promise<Stores> {
  const server = await startObjectStoreServer();
  const folder = mkdtempSync(join(tmpdir(), 'konverge-store-'));
  return {
    place(kind) {
      if (kind === 's3') return s3Place(server);
      return { settings: { kind }, root: { store: 'main', bucket: '', key: `${folder}/test${tests++}/` } };
    },
    async stop() {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
