import { asKonvergeError } from '../domain/error.ts';
import type { Logger } from '../ports/logger.ts';
import { Agent, type StoreOpeners } from './agent.ts';
import type { FromAgent, ToAgent } from './protocol.ts';

/** The agent's side of the channel to the core. */
export interface AgentPort {
  send(message: FromAgent): void;
  onMessage(listener: (message: ToAgent) => void): void;
  /** The core has closed the channel, or has died. */
  onClosed(listener: () => void): void;
}

/** Serves one core until its channel closes; then `ended` is called, and the process is to exit. */
export function serveAgent(port: AgentPort, openers: StoreOpeners, ended: () => void): void {
  const logger = channelLogger(port);
  const running = new Map<number, AbortController>();
  let agent: Agent | undefined;

  const carryOut = async ({ id, call }: ToAgent & { kind: 'call' }): Promise<void> => {
    const controller = new AbortController();
    running.set(id, controller);
    try {
      // The channel keeps order, and the core configures before it calls.
      const value = await agent?.carryOut(call, controller.signal);
      port.send({ kind: 'returned', id, value });
    } catch (error) {
      port.send({ kind: 'failed', id, error: asKonvergeError(error).toBody() });
    } finally {
      running.delete(id);
    }
  };

  port.onMessage((message) => {
    switch (message.kind) {
      case 'configure':
        agent ??= new Agent(message.stateDir, openers, logger);
        agent.configure(message.access);
        return;
      case 'call':
        void carryOut(message);
        return;
      case 'cancel':
        running.get(message.id)?.abort();
    }
  });
  port.onClosed(() => {
    // Uploads stay open: the next agent finds them in the journals and goes on.
    try {
      agent?.close();
    } finally {
      ended();
    }
  });
}

function channelLogger(port: AgentPort): Logger {
  const say =
    (level: keyof Logger): Logger['info'] =>
    (facts, message) =>
      port.send({ kind: 'log', level, facts, message });
  return { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') };
}
