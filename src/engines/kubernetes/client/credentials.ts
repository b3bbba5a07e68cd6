import { createHash } from 'node:crypto';
import { type Agent, Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent, type RequestOptions } from 'node:https';
import { CallFailure } from './call-failure.ts';
import { withoutContent } from './error-of.ts';
import type { LoadedKubeconfig } from './kubeconfig.ts';

/** How the API server is reached and who asks, as of now. */
export interface Access {
  readonly server: URL;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly tls: TlsOptions;
  /** Keeps connections for the next call. */
  readonly calls: Agent;
  /** Of watches, logs and exec: a connection each, as many as are wanted. */
  readonly streams: Agent;
}

export type TlsOptions = Pick<RequestOptions, 'ca' | 'cert' | 'key' | 'rejectUnauthorized' | 'servername'>;

/** For so long the library is not asked anew. It looks at files and expiry each time; what it misses a 401 tells. */
const freshMs = 10_000;

/** More calls than this wait until one is free. */
const mostCalls = 32;

/**
 * Credentials that change while we run: token files that are written anew, programs that are asked again, certificates that
 * are renewed. The library knows how; here is when.
 */
export class Credentials {
  readonly #load: () => Promise<LoadedKubeconfig>;
  #kubeconfig: LoadedKubeconfig;
  #access: { readonly access: Access; readonly madeAt: number } | undefined;
  #underWay: Promise<Access> | undefined;
  #agents: { readonly print: string; readonly calls: Agent; readonly streams: Agent } | undefined;

  constructor(kubeconfig: LoadedKubeconfig, load: () => Promise<LoadedKubeconfig>) {
    this.#kubeconfig = kubeconfig;
    this.#load = load;
  }

  /** Throws a CallFailure of kind `credentials`. */
  current(): Promise<Access> {
    const known = this.#access;
    if (known !== undefined && performance.now() - known.madeAt < freshMs) return Promise.resolve(known.access);
    this.#underWay ??= this.#make().finally(() => {
      this.#underWay = undefined;
    });
    return this.#underWay;
  }

  /** After a 401: everything from the beginning, unless somebody else has done so since `used`. */
  async renew(used: Access): Promise<void> {
    if (this.#access !== undefined && this.#access.access !== used) return;
    this.#access = undefined;
    try {
      this.#kubeconfig = await this.#load();
    } catch {
      // A kubeconfig that is being written; the one that we have may do.
    }
  }

  close(): void {
    this.#agents?.calls.destroy();
    this.#agents?.streams.destroy();
  }

  async #make(): Promise<Access> {
    const { config, headers: more } = this.#kubeconfig;
    const options: RequestOptions = { headers: {} };
    try {
      await config.applyToHTTPSOptions(options);
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      const first = words.split('\n').find((line) => line.trim() !== '') ?? 'its credential program gives none';
      throw new CallFailure('credentials', withoutContent(first), { cause: error });
    }
    const { ca, cert, key, rejectUnauthorized, servername } = options;
    const tls: TlsOptions = {
      ...(ca !== undefined && { ca }),
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key }),
      ...(rejectUnauthorized !== undefined && { rejectUnauthorized }),
      ...(servername !== undefined && { servername }),
    };
    const server = new URL(this.#kubeconfig.server);
    const proxied = config.getCurrentCluster()?.proxyUrl !== undefined ? (options.agent as Agent) : undefined;
    const headers = { ...trimmed(options), ...more };
    const access: Access = { server, headers, tls, ...this.#agentsFor(server, tls, proxied) };
    this.#access = { access, madeAt: performance.now() };
    return access;
  }

  #agentsFor(server: URL, tls: TlsOptions, proxied: Agent | undefined): { calls: Agent; streams: Agent } {
    if (proxied !== undefined) return { calls: proxied, streams: proxied };
    const print = createHash('sha256')
      .update(JSON.stringify([server.href, tls]))
      .digest('base64');
    if (this.#agents?.print === print) return this.#agents;
    // Requests on the old ones go on; connections that nobody uses are let go by their own timeout.
    const calls = { keepAlive: true, maxSockets: mostCalls, timeout: 30_000 };
    this.#agents =
      server.protocol === 'http:'
        ? { print, calls: new HttpAgent(calls), streams: new HttpAgent() }
        : { print, calls: new HttpsAgent({ ...calls, ...tls }), streams: new HttpsAgent(tls) };
    return this.#agents;
  }
}

/** A token file ends with a newline, which no header may have. */
function trimmed({ headers = {}, auth }: RequestOptions): Record<string, string> {
  const basic = auth == null ? {} : { Authorization: `Basic ${Buffer.from(auth).toString('base64')}` };
  const entries = Object.entries(headers as Record<string, unknown>);
  return { ...basic, ...Object.fromEntries(entries.map(([name, value]) => [name, String(value).trim()])) };
}
