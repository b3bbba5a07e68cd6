import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import https from 'node:https';
import { createInterface } from 'node:readline';
import { parse } from 'yaml';
import { type Condition, group, type Manifest, type MiniClusterStatus, version } from './minicluster.ts';

/** An object of any kind, as the API server answers. */
export interface Found {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly ownerReferences?: readonly {
      readonly kind: string;
      readonly name: string;
      readonly controller?: boolean;
    }[];
    readonly resourceVersion: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly spec?: unknown;
  readonly status?: unknown;
}

export type Kind = 'miniclusters' | 'jobs' | 'services' | 'configmaps' | 'pods';

const roots: Readonly<Record<Kind, string>> = {
  miniclusters: `/apis/${group}/${version}`,
  jobs: '/apis/batch/v1',
  services: '/api/v1',
  configmaps: '/api/v1',
  pods: '/api/v1',
};

/** The API server refuses, or says that something is not there. */
export class Refusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** The API, as far as the controller uses it. Its own, so that the tests of ours do not stand on ours. */
export interface Api {
  get(kind: Kind, namespace: string, name: string): Promise<Found | undefined>;
  list(kind: Kind, namespace: string, labelSelector: string): Promise<readonly Found[]>;
  create(kind: Kind, manifest: Manifest): Promise<Found>;
  putStatus(cluster: Found, status: MiniClusterStatus & { readonly conditions: readonly Condition[] }): Promise<Found>;
  patch(kind: Kind, found: Found, type: 'json-patch' | 'merge-patch', body: unknown): Promise<Found>;
  remove(kind: Kind, found: Found): Promise<void>;
  /** Tells of each object of a kind that is there or changes, until the signal; begins anew when a watch ends. */
  watch(kind: Kind, labelSelector: string, told: (object: Found) => void, signal: AbortSignal): Promise<void>;
}

interface Kubeconfig {
  readonly clusters: readonly [{ readonly cluster: Readonly<Record<string, string>> }];
  readonly users: readonly [{ readonly user: Readonly<Record<string, string>> }];
}

/** @param kubeconfig  path of one with a client certificate in it, as the testbed writes them */
export function openApi(kubeconfig: string): Api {
  const { clusters, users } = parse(readFileSync(kubeconfig, 'utf8')) as Kubeconfig;
  const { server = '', 'certificate-authority-data': ca = '' } = clusters[0].cluster;
  const { 'client-certificate-data': cert = '', 'client-key-data': key = '' } = users[0].user;
  const pem = (text: string): Buffer => Buffer.from(text, 'base64');
  const agent = new https.Agent({ keepAlive: true, ca: pem(ca), cert: pem(cert), key: pem(key) });

  function open(method: string, path: string, body?: unknown, contentType = 'application/json') {
    return new Promise<IncomingMessage>((resolve, reject) => {
      const headers = { Accept: 'application/json', 'Content-Type': contentType };
      const request = https.request(new URL(path, server), { method, headers, agent }, resolve);
      request.on('error', reject);
      request.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  async function call(method: string, path: string, body?: unknown, contentType?: string): Promise<unknown> {
    const response = await open(method, path, body, contentType);
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    const answer = JSON.parse(Buffer.concat(chunks).toString('utf8')) as { message?: string };
    const { statusCode = 0 } = response;
    if (statusCode >= 300) throw new Refusal(statusCode, answer.message ?? `status ${statusCode}`);
    return answer;
  }

  const pathOf = (kind: Kind, namespace: string, name = ''): string =>
    `${roots[kind]}/namespaces/${namespace}/${kind}${name && `/${name}`}`;
  const pathTo = (kind: Kind, { metadata }: Found): string => pathOf(kind, metadata.namespace, metadata.name);

  /** One watch, to its end. */
  async function watchOnce(
    path: string,
    query: string,
    told: (object: Found) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const list = (await call('GET', `${path}?${query}`)) as List;
    const from = list.metadata.resourceVersion;
    for (const item of list.items) told(item);
    const response = await open('GET', `${path}?${query}&watch=1&resourceVersion=${from}&timeoutSeconds=300`);
    const stop = (): void => void response.destroy();
    signal.addEventListener('abort', stop, { once: true });
    try {
      if (response.statusCode !== 200) throw new Refusal(response.statusCode ?? 0, `watch of ${path}`);
      for await (const line of createInterface({ input: response })) {
        const { type, object } = JSON.parse(line) as { type: string; object: Found };
        if (type === 'ERROR') return;
        told(object);
      }
    } finally {
      signal.removeEventListener('abort', stop);
      response.destroy();
    }
  }

  return {
    async get(kind, namespace, name) {
      try {
        return (await call('GET', pathOf(kind, namespace, name))) as Found;
      } catch (error) {
        if (error instanceof Refusal && error.status === 404) return undefined;
        throw error;
      }
    },
    async list(kind, namespace, labelSelector) {
      const query = String(new URLSearchParams({ labelSelector }));
      return ((await call('GET', `${pathOf(kind, namespace)}?${query}`)) as List).items;
    },
    async create(kind, manifest) {
      return (await call('POST', pathOf(kind, manifest.metadata.namespace), manifest)) as Found;
    },
    async putStatus(cluster, status) {
      return (await call('PUT', `${pathTo('miniclusters', cluster)}/status`, { ...cluster, status })) as Found;
    },
    async patch(kind, found, type, body) {
      return (await call('PATCH', pathTo(kind, found), body, `application/${type}+json`)) as Found;
    },
    async remove(kind, found) {
      await call('DELETE', pathTo(kind, found));
    },
    async watch(kind, labelSelector, told, signal) {
      const query = String(new URLSearchParams({ labelSelector }));
      while (!signal.aborted) {
        try {
          await watchOnce(`${roots[kind]}/${kind}`, query, told, signal);
        } catch (error) {
          if (signal.aborted) return;
          process.stderr.write(`watch of ${kind}: ${(error as Error).message}\n`);
          await new Promise((resolve) => setTimeout(resolve, 1000));
        }
      }
    },
  };
}

interface List {
  readonly metadata: { readonly resourceVersion: string };
  readonly items: readonly Found[];
}
