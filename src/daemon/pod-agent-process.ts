import { type PodLayout, podLayoutBelow, podLayoutIn } from '../domain/pod-wrapper.ts';
import type { Logger } from '../ports/logger.ts';
import { untilAlone } from '../staging/pod/company.ts';
import { follow } from '../staging/pod/follow.ts';
import { type PodRole, type PodSurroundings, runPod } from '../staging/pod/run-pod.ts';
import { openObjectStore, resolveStoreSettings } from '../storage/objects/registry.ts';

/**
 * The composition root of the agent in a step's pod. `root`: a folder below which everything is that is otherwise at the root
 * of the pod. What else it has to know the kind of the pod says by variables:
 *
 * - `KONVERGE_POD_UID`, from the downward API.
 * - `KONVERGE_POD_ROLE`: a PodRole; `indexed`: `lead` in the pod of index 0 of an Indexed Job, `follower` in the others.
 * - `KONVERGE_POD_SHARED`: the directory that it shares with the step, if it is another one.
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
  const layout = layoutFrom(root, process.env['KONVERGE_POD_SHARED']);
  const role = roleFrom(process.env);
  // The user may be one that the image does not know, and Node and the clients want to know where it is at home.
  process.env['HOME'] = layout.agentState;
  const code = await live(
    {
      layout,
      podUid: process.env['KONVERGE_POD_UID'],
      role,
      openers: { openStore: (settings) => openObjectStore(settings), resolveSettings: resolveStoreSettings },
      logger: printingLogger(print),
      print,
      useEnvironment: (environment) => void Object.assign(process.env, environment),
    },
    stop,
  );
  clearInterval(alive);
  process.exit(code);
}

/** Beside a step whose pod counts as failed if any container does, the agent never fails: what it has to say is in its report. */
async function live(pod: PodSurroundings, stop: AbortController): Promise<number> {
  switch (pod.role) {
    case 'follower':
      await follow(pod, stop.signal).catch(() => undefined);
      return 0;
    case 'lead':
      void untilAlone(stop.signal).then(() => stop.abort());
      await runPod(pod, stop.signal);
      return 0;
    case 'rank':
    case 'step':
      return await runPod(pod, stop.signal);
  }
}

function layoutFrom(root: string, shared: string | undefined): PodLayout {
  return shared === undefined ? podLayoutBelow(root) : podLayoutIn(shared);
}

function roleFrom(env: NodeJS.ProcessEnv): PodRole {
  const { KONVERGE_POD_ROLE: role, JOB_COMPLETION_INDEX: index } = env;
  if (role === 'indexed') return index === '0' ? 'lead' : 'follower';
  return role === 'rank' ? 'rank' : 'step';
}

function printingLogger(print: (text: Buffer) => void): Logger {
  const say: Logger['info'] = (facts, message) => print(Buffer.from(`agent | ${message} ${JSON.stringify(facts)}\n`));
  return { debug: () => undefined, info: say, warn: say, error: say };
}
