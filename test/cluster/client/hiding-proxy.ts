import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { changedKubeconfig, testKubeconfig } from '../cluster.ts';

/** An API server that lacks kinds of objects, as one on which an operator is not installed. The server behind it is the real one. */
export interface HidingProxy {
  /** Of an administrator who goes through it. */
  readonly kubeconfig: string;
  /** Paths that begin so are not found from now on, nor is what was open of them; undefined: all are there again. */
  hide(path: string | undefined): void;
}

interface Credentials {
  readonly clusters: readonly [{ readonly cluster: Readonly<Record<string, string>> }];
  readonly users: readonly [{ readonly user: Readonly<Record<string, string>> }];
}

/** It ends with the test. */
export async function startHidingProxy(server: URL): Promise<HidingProxy> {
  const { clusters, users } = parse(readFileSync(testKubeconfig ?? '', 'utf8')) as Credentials;
  const decoded = (text = ''): Buffer => Buffer.from(text, 'base64');
  const tls = {
    ca: decoded(clusters[0].cluster['certificate-authority-data']),
    cert: decoded(users[0].user['client-certificate-data']),
    key: decoded(users[0].user['client-key-data']),
  };
  const open = new Map<ServerResponse, string>();
  let hidden: string | undefined;
  const isHidden = (path: string): boolean => hidden !== undefined && path.startsWith(hidden);
  const proxy = createServer((asked: IncomingMessage, answer: ServerResponse) => {
    const { url: path = '/', method, headers } = asked;
    if (isHidden(path)) {
      answer.writeHead(404, { 'Content-Type': 'text/plain' }).end('404 page not found\n');
      return;
    }
    open.set(answer, path);
    const behind = request(new URL(path, server), { method, headers: { ...headers, host: server.host }, ...tls });
    behind.on('response', (given) => {
      answer.writeHead(given.statusCode ?? 502, given.headers);
      given.on('error', () => answer.destroy());
      given.pipe(answer);
    });
    behind.on('error', () => answer.destroy());
    answer.on('close', () => {
      open.delete(answer);
      behind.destroy();
    });
    asked.pipe(behind);
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  onTestFinished(() => {
    proxy.closeAllConnections();
    proxy.close();
  });
  const { port } = proxy.address() as AddressInfo;
  const kubeconfig = await changedKubeconfig(({ clusters: all }) => {
    for (const { cluster } of all) cluster['server'] = `http://127.0.0.1:${port}`;
  });
  return {
    kubeconfig,
    hide(path) {
      hidden = path;
      for (const [answer, of] of open) if (isHidden(of)) answer.destroy();
    },
  };
}
