import { fileURLToPath } from 'node:url';

/** The agent's program: beside the core's in the bundle, src/agent.ts where the sources run as they are. */
export function agentEntry(): string {
  const bundled = import.meta.url.endsWith('.mjs');
  return fileURLToPath(new URL(bundled ? 'agent.mjs' : '../agent.ts', import.meta.url));
}
