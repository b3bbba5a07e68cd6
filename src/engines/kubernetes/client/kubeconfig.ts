import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import type { KubeConfig } from '@kubernetes/client-node';
import { KonvergeError } from '../../../domain/error.ts';
import { readKubeconfigText } from './kubeconfig-text.ts';

export interface KubeconfigOptions {
  /** A file. Absent: those of KUBECONFIG, then ~/.kube/config, then the service account of the pod that we run in. */
  readonly kubeconfig?: string;
  /** Absent: the current one. */
  readonly context?: string;
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** A kubeconfig with the chosen context as its current one. */
export interface LoadedKubeconfig {
  readonly config: KubeConfig;
  readonly context: string;
  readonly server: string;
  /** Of the context. */
  readonly namespace: string | undefined;
  /** What the library does not apply: `as-groups` and `as-uid` of the user. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
}

const tokenFile = '/var/run/secrets/kubernetes.io/serviceaccount/token';

/**
 * Reads it anew each time. Throws `cluster-unconfigured`, with the contexts that there are if the context is not one of them.
 * The library has rules of its own for a kubeconfig that is not given (a file that is missing in KUBECONFIG is an error, two
 * files may not name the same cluster, and without any it takes localhost:8080); ours are those of kubectl.
 */
export async function loadKubeconfig(options: KubeconfigOptions): Promise<LoadedKubeconfig> {
  const { environment = process.env } = options;
  // Half a second and 80 MB: only for those who use a cluster.
  const { KubeConfig } = await import('@kubernetes/client-node');
  const files = await readFiles(filesOf(options, environment), options.kubeconfig !== undefined);
  const config = new KubeConfig();
  if (files.length === 0) {
    if ((environment['KUBERNETES_SERVICE_HOST'] ?? '') === '' || !(await isReadable(tokenFile)))
      throw nothingFound(options, environment);
    config.loadFromCluster();
    return choose(config, { ...options, context: config.getCurrentContext() }, 'in-cluster', {});
  }
  const impersonation: Record<string, LoadedKubeconfig['headers']> = {};
  for (const { file, text } of files.toReversed()) {
    const one = new KubeConfig();
    const read = readKubeconfigText(file, text);
    guarded(file, () => one.loadFromString(JSON.stringify(read.content)));
    one.makePathsAbsolute(path.dirname(file));
    Object.assign(impersonation, read.impersonation);
    // The first file that has a name wins, so they come last to first, each over the ones before.
    config.loadFromOptions({
      clusters: overlay(config.clusters, one.clusters),
      users: overlay(config.users, one.users),
      contexts: overlay(config.contexts, one.contexts),
      currentContext: one.currentContext || config.currentContext,
    });
  }
  return choose(config, options, undefined, impersonation, files.map(({ file }) => file).join(', '));
}

function choose(
  config: KubeConfig,
  options: KubeconfigOptions,
  shownAs: string | undefined,
  impersonation: Readonly<Record<string, LoadedKubeconfig['headers']>>,
  source = 'the service account of this pod',
): LoadedKubeconfig {
  const names = config.getContexts().map(({ name }) => name);
  const wanted = options.context ?? config.getCurrentContext() ?? '';
  const context = config.getContexts().find(({ name }) => name === wanted);
  const list = names.length === 0 ? 'it has no contexts' : `it has ${names.join(', ')}`;
  if (context === undefined) {
    const what = wanted === '' ? 'no current context' : `no context ${wanted}`;
    throw new KonvergeError('cluster-unconfigured', `${source}: ${what}; ${list}`);
  }
  config.setCurrentContext(wanted);
  const cluster = config.getClusters().find(({ name }) => name === context.cluster);
  if (cluster === undefined) {
    throw new KonvergeError(
      'cluster-unconfigured',
      `${source}: context ${wanted} names a cluster ${context.cluster} that is not there`,
    );
  }
  const url = URL.canParse(cluster.server) ? new URL(cluster.server) : undefined;
  if (url === undefined || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    throw new KonvergeError('cluster-unconfigured', `${source}: the server of cluster ${cluster.name} is no URL`);
  }
  const loopback = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  if (url.protocol === 'http:' && !loopback && !cluster.skipTLSVerify) {
    const what = `the server ${url.origin} of cluster ${cluster.name} is not https, so credentials would go unencrypted`;
    throw new KonvergeError('cluster-unconfigured', `${source}: ${what}`);
  }
  // `kubectl proxy` and the like. The library speaks http only with this set, where it has no other meaning.
  if (url.protocol === 'http:') Object.assign(cluster, { skipTLSVerify: true });
  if (!config.getUsers().some(({ name }) => name === context.user)) {
    // Without a user the library would not apply the certificate authority either.
    const user = context.user ?? 'anonymous';
    config.users = [...config.users, { name: user }];
    config.contexts = config.contexts.map((one) => (one === context ? { ...one, user } : one));
  }
  return {
    config,
    context: shownAs ?? wanted,
    server: cluster.server,
    namespace: context.namespace?.trim() || undefined,
    headers: impersonation[context.user ?? ''] ?? {},
  };
}

function filesOf(
  { kubeconfig }: KubeconfigOptions,
  environment: NonNullable<KubeconfigOptions['environment']>,
): string[] {
  if (kubeconfig !== undefined) return [kubeconfig];
  const listed = (environment['KUBECONFIG'] ?? '').split(path.delimiter).filter((file) => file !== '');
  return listed.length > 0 ? listed : [defaultFile(environment)];
}

function defaultFile(environment: NonNullable<KubeconfigOptions['environment']>): string {
  return path.join(environment['HOME'] ?? homedir(), '.kube', 'config');
}

/** Those that are there, with what they hold. */
async function readFiles(files: readonly string[], required: boolean): Promise<{ file: string; text: string }[]> {
  const found: { file: string; text: string }[] = [];
  for (const file of files) {
    try {
      found.push({ file: path.resolve(file), text: await readFile(file, 'utf8') });
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'ENOENT' || required) {
        const why = code === 'ENOENT' ? 'it is not there' : (code ?? 'it cannot be read');
        throw new KonvergeError('cluster-unconfigured', `the kubeconfig ${file} cannot be read: ${why}`, {
          cause: error,
        });
      }
    }
  }
  return found;
}

function nothingFound(
  { kubeconfig }: KubeconfigOptions,
  environment: NonNullable<KubeconfigOptions['environment']>,
): KonvergeError {
  const looked = filesOf(kubeconfig === undefined ? {} : { kubeconfig }, environment).join(', ');
  return new KonvergeError(
    'cluster-unconfigured',
    `there is no kubeconfig at ${looked}, and this is no pod with a service account`,
  );
}

async function isReadable(file: string): Promise<boolean> {
  return readFile(file).then(
    () => true,
    () => false,
  );
}

function overlay<Item extends { readonly name: string }>(below: readonly Item[], above: readonly Item[]): Item[] {
  const names = new Set(above.map(({ name }) => name));
  return [...above, ...below.filter(({ name }) => !names.has(name))];
}

/** The library's own errors name the field that is missing, and nothing of a value. */
function guarded(file: string, work: () => void): void {
  try {
    work();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new KonvergeError('cluster-unconfigured', `the kubeconfig ${file} cannot be used: ${message}`, {
      cause: error,
    });
  }
}
