import { readFileSync } from 'node:fs';
import { s3 } from './addresses.ts';
import { type Build, buildAll } from './build.ts';
import { user } from './certificate.ts';
import type { Daemon, DaemonName } from './daemon.ts';
import { killDaemon, startDaemon, stopDaemon } from './daemon-control.ts';
import { daemonsOf } from './daemons.ts';
import { issueUser } from './issue.ts';
import { type Kubectl, kubectlOf, readManifest } from './kubectl.ts';
import { defaultOptions, type Options } from './options.ts';
import { type Place, placeOf } from './place.ts';

/** The cluster of this machine, for tests and for the commands. It may or may not run. */
export interface Cluster {
  readonly place: Place;
  readonly build: Build;
  readonly options: Options;
  readonly daemons: readonly Daemon[];
  readonly kubectl: Kubectl;
  /** Of an administrator. */
  readonly kubeconfig: string;
  readonly s3: typeof s3;
  /** Starts it and waits until it is ready; leaves it alone if it runs. */
  start(name: DaemonName): Promise<void>;
  /** Ends it as an administrator does: SIGTERM, and waits. */
  stop(name: DaemonName): Promise<void>;
  /** Ends it as an accident does: SIGKILL. */
  kill(name: DaemonName): Promise<void>;
  /** Makes a namespace with all queues of the testbed; nothing happens to one that is there. */
  makeNamespace(name: string, labels?: Readonly<Record<string, string>>): Promise<void>;
  /** @returns path of a kubeconfig of that user, who may do nothing but what RBAC says of it or its groups */
  makeUser(name: string, groups?: readonly string[]): Promise<string>;
}

/** Builds what is missing; starts nothing. @param change  options that differ from those that the cluster was started with */
export async function openCluster(
  env: NodeJS.ProcessEnv = process.env,
  change: Partial<Options> = {},
): Promise<Cluster> {
  const place = placeOf(env);
  const build = await buildAll(place);
  const options = { ...defaultOptions, ...readOptions(place), ...change };
  const daemons = daemonsOf(place, build, options);
  const kubectl = kubectlOf(place, build);
  return {
    place,
    build,
    options,
    daemons,
    kubectl,
    kubeconfig: place.kubeconfig,
    s3,
    start: (name) => startDaemon(find(daemons, name), place),
    stop: (name) => stopDaemon(name, place),
    kill: (name) => killDaemon(name, place),
    makeNamespace: (name, labels = {}) => makeNamespace(kubectl, name, labels),
    makeUser: (name, groups = []) => issueUser(place, user(`user-${name}`, name, groups)),
  };
}

/** Of the cluster that runs; nothing if none was started since the last `down`. */
function readOptions(place: Place): Partial<Options> {
  try {
    return JSON.parse(readFileSync(place.options, 'utf8')) as Partial<Options>;
  } catch {
    return {};
  }
}

function find(daemons: readonly Daemon[], name: DaemonName): Daemon {
  const daemon = daemons.find((candidate) => candidate.name === name);
  if (daemon === undefined) throw new Error(`the cluster has no ${name} with these options`);
  return daemon;
}

async function makeNamespace(kubectl: Kubectl, name: string, labels: Readonly<Record<string, string>>): Promise<void> {
  await kubectl.apply(JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } }));
  await kubectl.apply(await readManifest('local-queues'), name);
}
