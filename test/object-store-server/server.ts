import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { S3Settings } from '../../src/domain/object-location.ts';
import { buildObjectStoreServer } from '../../tools/setup/object-store-server.mjs';

/** To build the server on a machine that has nothing yet; for the hook of a test that may be the first one. */
export const buildPatienceMs = 600_000;
const startPatienceMs = 20_000;
const stopPatienceMs = 5000;

/** An S3 server of our own on loopback. */
export interface ObjectStoreServer {
  /** `http://127.0.0.1:PORT`. */
  readonly endpoint: string;
  readonly accessKey: string;
  readonly secretKey: string;
  /** Of the server itself. */
  readonly pid: number;
  /** Each folder in it is a bucket. */
  readonly dir: string;
  readonly settings: S3Settings;
  /** Ends it. Its folder goes with it, unless it was given. */
  stop(): Promise<void>;
}

export interface ServerOptions {
  /** Default: a new temporary folder. It must be on a file system with extended attributes. */
  readonly dir?: string;
  /** To start one again where another was. Default: a free one. */
  readonly port?: number;
  readonly accessKey?: string;
  readonly secretKey?: string;
}

/** Builds the server if that was never done, starts it and waits until it answers. It ends with this process at the latest. */
export async function startObjectStoreServer(options: ServerOptions = {}): Promise<ObjectStoreServer> {
  const program = await buildObjectStoreServer();
  const temporary = options.dir === undefined ? await mkdtemp(path.join(tmpdir(), 'konverge-s3-')) : undefined;
  const dir = options.dir ?? path.join(temporary ?? '', 'buckets');
  await mkdir(dir, { recursive: true });
  const accessKey = options.accessKey ?? 'konverge-test';
  const secretKey = options.secretKey ?? randomBytes(16).toString('hex');
  const port = options.port ?? (await freePort());
  const server = await launch(program, dir, port, { ROOT_ACCESS_KEY: accessKey, ROOT_SECRET_KEY: secretKey });
  const endpoint = `http://127.0.0.1:${port}`;
  return {
    endpoint,
    accessKey,
    secretKey,
    pid: server.pid,
    dir,
    settings: {
      kind: 's3',
      endpointUrl: endpoint,
      region: 'us-east-1',
      credentials: { accessKeyId: accessKey, secretAccessKey: secretKey },
    },
    async stop() {
      await server.stop();
      if (temporary !== undefined) await rm(temporary, { recursive: true, force: true });
    },
  };
}

/** The shell ends the server when its standard input closes, so that it does not outlive this process even if that is killed. */
const guard = `
exec 3<&0
"$@" 3<&- </dev/null &
server=$!
echo "$server"
( read -r _ <&3; kill "$server" 2>/dev/null ) >/dev/null 2>&1 &
wait "$server"
`;

async function launch(
  program: string,
  dir: string,
  port: number,
  keys: Readonly<Record<string, string>>,
): Promise<{ readonly pid: number; stop(): Promise<void> }> {
  const argv = [program, '--port', `127.0.0.1:${port}`, '--keep-alive', '--quiet', '--health', '/health', 'posix', dir];
  const shell = spawn('/bin/sh', ['-c', guard, 'sh', ...argv], {
    env: { PATH: process.env['PATH'] ?? '', ...keys },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const ended = once(shell, 'exit');
  let words = '';
  shell.stdout.on('data', (chunk: Buffer) => (words += chunk.toString()));
  shell.stderr.on('data', (chunk: Buffer) => (words += chunk.toString()));
  const deadline = performance.now() + startPatienceMs;
  while (!(await answers(port))) {
    if (shell.exitCode !== null) throw new Error(`the S3 server ended at once: ${words}`);
    if (performance.now() > deadline) {
      shell.stdin.end();
      throw new Error(`the S3 server does not answer: ${words}`);
    }
    await pause(10);
  }
  const pid = Number.parseInt(words, 10);
  return {
    pid,
    async stop() {
      shell.stdin.end();
      const force = setTimeout(() => process.kill(pid, 'SIGKILL'), stopPatienceMs);
      await ended;
      clearTimeout(force);
    },
  };
}

async function answers(port: number): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${port}/health`, { signal: AbortSignal.timeout(1000) })).ok;
  } catch {
    return false;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
