import { Readable, Writable } from 'node:stream';
import type { KubeConfig, V1Status } from '@kubernetes/client-node';
import { type Api, defaultPatienceMs, told } from './api.ts';
import { CallFailure, failureOfConnection } from './call-failure.ts';
import type { ExecOptions, ExecResult } from './cluster-client.ts';
import type { Access } from './credentials.ts';
import { resources } from './object.ts';
import { doing } from './resource-path.ts';
import { withPatience } from './retry.ts';

/** A web socket that has not answered a ping for so long is dead. */
const deadMs = 60_000;
const pingMs = 20_000;

/**
 * Runs a command in a container, through the library's web socket. Its beginning is repeated while it may pass; a connection
 * that breaks in the middle is `cluster-unreachable`, and the command may or may not go on.
 */
export async function execute(
  api: Api,
  pod: string,
  container: string,
  argv: readonly string[],
  options: ExecOptions = {},
): Promise<ExecResult> {
  const { namespace = api.namespace, patienceMs = defaultPatienceMs, signal } = options;
  const what = doing('create', { type: resources.pods, namespace, name: pod, subresource: 'exec' });
  const { Exec } = await import('@kubernetes/client-node');
  const { WebSocketHandler } = await import('@kubernetes/client-node/dist/web-socket-handler.js');
  return told(api, what, async () => {
    const stdout = sink(options.onStdout);
    const stderr = sink(options.onStderr);
    const stdin = options.stdin === undefined ? null : Readable.from(options.stdin, { objectMode: false });
    const status = Promise.withResolvers<V1Status>();
    const begin = async (access: Access) => {
      const config = configFor(api, access);
      // Without streams of its own the handler would end this process's stdout.
      const streams = { stdin: new Readable({ read() {} }), stdout: sink(), stderr: sink() };
      const library = new Exec(config, new WebSocketHandler(config, undefined, streams));
      const words = [...argv];
      return library
        .exec(namespace, pod, container, words, stdout, stderr, stdin, false, status.resolve)
        .catch((error: unknown) => Promise.reject(failureOfUpgrade(error)));
    };
    const socket = await withPatience({ patienceMs, signal, pauses: api.pauses }, async () => {
      const access = await api.credentials.current();
      return begin(access).catch(async (error: unknown) => {
        if (!(error instanceof CallFailure) || error.status !== 401) throw error;
        await api.credentials.renew(access);
        return begin(await api.credentials.current());
      });
    });
    let lastPong = performance.now();
    socket.on('pong', () => {
      lastPong = performance.now();
    });
    const pings = setInterval(() => {
      if (performance.now() - lastPong > deadMs) socket.terminate();
      else socket.ping();
    }, pingMs);
    const stop = () => socket.terminate();
    signal?.addEventListener('abort', stop, { once: true });
    socket.on('error', () => undefined);
    // A status comes before the close, if at all.
    socket.on('close', () =>
      status.reject(new CallFailure('network', 'the connection ended without a word how the command did')),
    );
    try {
      if (signal?.aborted === true) stop();
      return { exitCode: exitCodeOf(await status.promise) };
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    } finally {
      clearInterval(pings);
      signal?.removeEventListener('abort', stop);
      stdin?.destroy();
      socket.close();
    }
  });
}

function sink(take?: (chunk: Uint8Array) => void): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      take?.(chunk);
      done();
    },
  });
}

/** What the library needs of a kubeconfig here, with the credentials as they are now (its own agents keep the first ones). */
function configFor({ server, userAgent }: Api, { headers, tls, streams }: Access): KubeConfig {
  const config = {
    getCurrentCluster: () => ({ name: 'cluster', server }),
    applyToHTTPSOptions(options: Record<string, unknown>) {
      Object.assign(options, tls, {
        agent: streams,
        handshakeTimeout: 30_000,
        headers: { ...headers, 'User-Agent': userAgent },
      });
      return Promise.resolve();
    },
  };
  return config as unknown as KubeConfig;
}

/** `{ status: 'Failure', reason: 'NonZeroExitCode', details: { causes: [{ reason: 'ExitCode', message: '3' }] } }` */
function exitCodeOf({ status, reason, message, details }: V1Status): number {
  if (status === 'Success') return 0;
  const code = details?.causes?.find((cause) => cause.reason === 'ExitCode')?.message;
  if (code !== undefined && /^\d+$/.test(code)) return Number(code);
  throw new CallFailure('answer', message ?? 'the command could not be started', { status: 400, reason });
}

/** A refused upgrade comes without its body: only the status can be read. */
function failureOfUpgrade(event: unknown): CallFailure {
  const { error, message } = event as { error?: unknown; message?: string };
  const [, code] = /Unexpected server response: (\d{3})/.exec(message ?? '') ?? [];
  if (code === undefined) return failureOfConnection(error ?? event);
  const status = Number(code);
  if (status === 403)
    return new CallFailure('answer', 'forbidden: the right to create pods/exec is missing', { status });
  if (status === 404) return new CallFailure('answer', 'there is no such pod', { status, details: { name: 'pod' } });
  return new CallFailure('answer', `status ${status}, without a word why`, { status });
}
