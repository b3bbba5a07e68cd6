import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { type Logger, silentLogger } from '../../src/ports/logger.ts';
import { type FaultyProxy, startFaultyProxy } from '../object-store-server/faulty-proxy.ts';
import { type ObjectStoreServer, startObjectStoreServer } from '../object-store-server/server.ts';
import { LiveAgent } from './live-agent.ts';
import { buildPatienceMs, s3Place } from './stores.ts';

/** An S3 server for the tests of a file, and before it a proxy for each of them. */
export class FaultyStore {
  #server: ObjectStoreServer | undefined;
  #proxy: FaultyProxy | undefined;

  /** Called once, at the top of a file of tests. */
  static forThisFile(): FaultyStore {
    const store = new FaultyStore();
    beforeAll(async () => {
      store.#server = await startObjectStoreServer();
    }, buildPatienceMs);
    afterAll(() => store.#server?.stop());
    beforeEach(async () => {
      store.#proxy = await startFaultyProxy(store.server.endpoint);
    });
    afterEach(() => store.#proxy?.close());
    return store;
  }

  get server(): ObjectStoreServer {
    if (this.#server === undefined) throw new Error('the server has not been started');
    return this.#server;
  }

  get proxy(): FaultyProxy {
    if (this.#proxy === undefined) throw new Error('no test runs');
    return this.#proxy;
  }

  /** Its agent goes through the proxy; the test itself looks past it. */
  start(logger: Logger = silentLogger): LiveAgent {
    return LiveAgent.configured(s3Place(this.server, this.proxy.endpoint), { observed: this.server.settings, logger });
  }
}
