import { buildObjectStoreServer } from '../../tools/setup/object-store-server.mjs';
import type { Lack } from '../test-unless.ts';

/**
 * What this machine lacks to run the S3 server; undefined where it can. Builds the server if that was never done. A build
 * that fails is no lack: it is thrown.
 */
export async function serverLack(): Promise<Lack> {
  try {
    await buildObjectStoreServer();
    return undefined;
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('missing tool:')) return error.message;
    throw error;
  }
}
