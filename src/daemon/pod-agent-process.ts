import { podLayoutBelow } from '../domain/pod-wrapper.ts';
import type { Logger } from '../ports/logger.ts';
import { runPod } from '../staging/pod/run-pod.ts';
import { openObjectStore, resolveStoreSettings } from '../storage/objects/registry.ts';

/**
 * The composition root of the agent in a step's pod. `root`: a folder below which everything is that is otherwise at the root
 * of the pod. `KONVERGE_POD_UID` comes from the downward API, `KONVERGE_POD_ROLE` from the kind of the pod.
 */
export async function runPodAgent(root: string = ''): Promise<void> {
  // The step may run as another user, and works with what the agent makes.
  process.umask(0);
  // Nobody reads any more: no reason to leave the step alone.
  process.stdout.on('error', () => undefined);
  const stop = new AbortController();
  // A timer, as an aborted signal does not keep Node alive while the agent waits for one.
  const alive = setInterval(() => undefined, 60_000);
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, () => stop.abort());
  const print = (text: Buffer): void => void process.stdout.write(text);
  const layout = podLayoutBelow(root);
  // The user may be one that the image does not know, and Node and the clients want to know where it is at home.
  process.env['HOME'] = layout.agentState;
  const code = await runPod(
    {
      layout,
      podUid: process.env['KONVERGE_POD_UID'],
      ...(process.env['KONVERGE_POD_ROLE'] === 'rank' && { role: 'rank' as const }),
      openers: { openStore: (settings) => openObjectStore(settings), resolveSettings: resolveStoreSettings },
      logger: printingLogger(print),
      print,
      useEnvironment: (environment) => void Object.assign(process.env, environment),
    },
    stop.signal,
  );
  clearInterval(alive);
  process.exit(code);
}

function printingLogger(print: (text: Buffer) => void): Logger {
  const say: Logger['info'] = (facts, message) => print(Buffer.from(`agent | ${message} ${JSON.stringify(facts)}\n`));
  return { debug: () => undefined, info: say, warn: say, error: say };
}
