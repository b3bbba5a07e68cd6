import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A TCP proxy before the API server, to cut or stop what goes through it. The server behind it is the real one. */
export interface CuttableProxy {
  readonly port: number;
  /** Cuts every connection. */
  cut(): void;
  /** Refuses connections; `start` again. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

export async function startProxy(server: URL): Promise<CuttableProxy> {
  const sockets = new Set<Socket>();
  let port = 0;
  const proxy = createServer((near) => {
    const far = connect(Number(server.port || 443), server.hostname);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on('error', () => to.destroy());
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
      from.pipe(to);
    }
  });
  const start = async () => {
    proxy.listen(port, '127.0.0.1');
    await once(proxy, 'listening');
    ({ port } = proxy.address() as AddressInfo);
  };
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  await start();
  return {
    port,
    cut,
    start,
    async stop() {
      const closed = once(proxy, 'close');
      proxy.close();
      cut();
      await closed;
    },
  };
}
