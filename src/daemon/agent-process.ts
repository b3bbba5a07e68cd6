import { type AgentPort, serveAgent } from '../staging/agent-server.ts';
import { openObjectStore, resolveStoreSettings } from '../storage/objects/registry.ts';

/** The composition root of the agent process: the calls of the core on one side, the stores on the other. */
export function runAgent(): void {
  if (!process.connected) {
    process.stderr.write('konverge agent: it is started by the core, with a channel to it\n');
    process.exitCode = 2;
    return;
  }
  const port: AgentPort = {
    // An error here means that the core has gone; that is heard as the end of the channel.
    send: (message) => void (process.connected && process.send?.(message, () => undefined)),
    onMessage: (listener) => void process.on('message', listener),
    onClosed: (listener) => void process.once('disconnect', listener),
  };
  serveAgent(port, { openStore: (settings) => openObjectStore(settings), resolveSettings: resolveStoreSettings }, () =>
    process.exit(),
  );
}
