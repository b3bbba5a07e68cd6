import { randomBytes } from 'node:crypto';
import { chmodSync, closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import pino from 'pino';
import { Core } from '../app/core.ts';
import { loadConfiguration } from '../config/load.ts';
import {
  type CoreFile,
  readCoreFile,
  removeCoreFile,
  type StateDir,
  socketPathFor,
  stateDirOf,
  writeCoreFile,
} from '../config/state-dir.ts';
import type { SessionId } from '../domain/brand.ts';
import { asKonvergeError, KonvergeError } from '../domain/error.ts';
import { createEngineFactory } from '../engines/registry.ts';
import { findCore } from '../frontends/client/connect.ts';
import { createApi } from '../frontends/http/api.ts';
import { createServer } from '../frontends/http/server.ts';
import { systemClock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import { AgentClient } from '../staging/agent-client.ts';
import { SqliteRunStore } from '../storage/sqlite/sqlite-run-store.ts';
import { agentEntry } from './agent-entry.ts';
import { CoreLock } from './core-lock.ts';
import { watchLife } from './life.ts';
import { isFrontEndAlive } from './process-facts.ts';
import { writeRunRecord } from './run-record.ts';
import { version } from './version.ts';

/** How `konverge core` was called. */
export interface CoreOptions {
  readonly workdir: string;
  readonly engine?: string;
  readonly config?: string;
  readonly namespace?: string;
  /** `HOST:PORT`, to be reached over TCP as well. */
  readonly listen?: string;
  /** The token for TCP; absent, one is made and printed with the ready line. */
  readonly token?: string;
}

/** How long another core may take to start or to end; our starter waits for 30 s. */
const patienceMs = 20_000;

/** The line by which a core tells its starter how it went, on standard output; then standard output is closed. */
type ReadyLine =
  | {
      readonly ready: true;
      readonly socket: string;
      readonly pid: number;
      readonly existing: boolean;
      readonly url?: string;
      readonly token?: string;
    }
  | {
      readonly ready: false;
      readonly error: { readonly code: string; readonly message: string; readonly hint: string };
    };

/**
 * The composition root: puts the core of one working directory together and runs it until its life is over. Resolves with
 * the exit code.
 */
export async function runCore(options: CoreOptions): Promise<number> {
  const state = stateDirOf(options.workdir);
  try {
    makeStateDir(state);
    const lock = await lockOrExisting(state);
    if (!(lock instanceof CoreLock)) {
      say({ ready: true, socket: lock.socket, pid: lock.pid, existing: true });
      return 0;
    }
    try {
      await serve(state, options);
      return 0;
    } finally {
      lock.release();
    }
  } catch (thrown) {
    const error = asKonvergeError(thrown);
    say({ ready: false, error: error.toBody() });
    process.stderr.write(`konverge core: ${error.code}: ${error.message}\n`);
    return 1;
  }
}

function makeStateDir(state: StateDir): void {
  try {
    mkdirSync(state.path, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new KonvergeError('core-not-startable', `cannot make ${state.path}: ${(cause as Error).message}`, { cause });
  }
}

async function serve(state: StateDir, options: CoreOptions): Promise<void> {
  // Whatever fails on the way, nothing of what was opened stays: a core without its lock must not serve.
  await using opened = new AsyncDisposableStack();
  // We hold the lock: whatever is announced there is a core that has died.
  rmSync(state.coreFile, { force: true });
  const listenTo = options.listen === undefined ? undefined : parseListen(options.listen);
  const configuration = loadConfiguration(options.workdir, options.config);
  const createEngine = createEngineFactory(options.engine ?? configuration.engine ?? 'kubernetes', {
    stateDir: state.path,
    workdir: state.workdir,
    configuration: configuration.local,
    kubernetes: {
      ...configuration.kubernetes,
      ...(options.namespace !== undefined && { namespace: options.namespace }),
    },
    defaultQueue: configuration.queue,
    version,
  });
  const socket = socketPathFor(state);
  const logger = coreLogger();
  const store = new SqliteRunStore(state.store);
  const staging = new AgentClient({ entry: agentEntry(), stateDir: state.path, logger });
  const core = new Core({ store, createEngine, staging, clock: systemClock, logger, isAlive: isFrontEndAlive });
  opened.defer(() => core.close());
  const api = createApi({ core, configuration, version, workdir: state.workdir, stateDir: state.path });
  await core.recover();

  const server = createServer(api, logger);
  opened.defer(() => closeServer(server));
  rmSync(socket, { force: true });
  await listen(server, { path: socket });
  chmodSync(socket, 0o600);
  let tcp: { readonly url: string; readonly token: string } | undefined;
  if (listenTo) {
    const token = options.token ?? randomBytes(24).toString('base64url');
    const tcpServer = createServer(api, logger, { token });
    opened.defer(() => closeServer(tcpServer));
    tcp = { url: await listen(tcpServer, listenTo), token };
  }
  opened.defer(() => removeCoreFile(state, process.pid));
  writeCoreFile(state, { pid: process.pid, socket, engine: core.engine.name, version, host: hostname() });

  const over = Promise.withResolvers<void>();
  // In one go: a session that was opened after the decision would be of a core that is half gone.
  const end = (): void => {
    core.sessions.end();
    over.resolve();
  };
  const life = watchLife(core, systemClock, end);
  const recordRun = (session: SessionId): void => {
    const record = store.sessions().find(({ id }) => id === session);
    if (record) writeRunRecord(state, record, core.steps({ session }), (step) => core.engine.logPaths(step.id) ?? null);
  };
  core.onSessionClosed((session) => {
    try {
      recordRun(session);
    } catch (error) {
      logger.error({ session, error: (error as Error).message }, 'the record of the run could not be written');
    }
    // At once, not at the next tick: the caller's directory should be quiet when the caller has ended.
    setImmediate(() => life.check());
  });
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, end);
  logger.info({ pid: process.pid, socket, engine: core.engine.name, version }, 'core is ready');
  say({ ready: true, socket, pid: process.pid, existing: false, ...tcp });

  await over.promise;
  life.stop();
  // The rest in the order opposite to the start: it is no longer announced, then the doors are closed, then the core.
  core.feed.close();
  await opened.disposeAsync();
  logger.info({ pid: process.pid }, 'core has ended');
}

async function listen(
  server: ReturnType<typeof createServer>,
  where: { readonly path: string } | { readonly host: string; readonly port: number },
): Promise<string> {
  try {
    return await server.listen(where);
  } catch (cause) {
    throw new KonvergeError('core-not-startable', `the core cannot listen: ${(cause as Error).message}`, { cause });
  }
}

/** Answers on their way, such as the last events, have a moment to arrive. */
async function closeServer(server: ReturnType<typeof createServer>): Promise<void> {
  const cut = setTimeout(() => server.server.closeAllConnections(), 1000);
  await server.close();
  clearTimeout(cut);
}

function parseListen(listen: string): { readonly host: string; readonly port: number } {
  const match = /^(.+):(\d+)$/.exec(listen);
  if (!match?.[1] || !match[2] || Number(match[2]) > 65_535) {
    throw new KonvergeError('config-invalid', `--listen ${listen}: write HOST:PORT, such as 127.0.0.1:7070`);
  }
  return { host: match[1].replaceAll(/[[\]]/g, ''), port: Number(match[2]) };
}

/**
 * The lock; or, where another core has it, that core, to which our caller connects. While the other is starting or ending
 * it does not answer: then either it will, or the lock comes free.
 */
async function lockOrExisting(state: StateDir): Promise<CoreLock | CoreFile> {
  for (const untilMs = performance.now() + patienceMs; performance.now() < untilMs; await pause(50)) {
    const lock = CoreLock.tryAcquire(state.lock);
    if (lock) return lock;
    const file = readCoreFile(state);
    if (file && (await findCore(state))) return file;
  }
  throw new KonvergeError('core-not-startable', `another core holds ${state.lock}, but does not answer`, {
    hint: `${state.log} has its last words; end its process if it hangs.`,
  });
}

function say(line: ReadyLine): void {
  try {
    writeSync(1, `${JSON.stringify(line)}\n`);
    // Node opens standard output again if it is only closed; /dev/null keeps the number taken.
    closeSync(1);
    openSync('/dev/null', 'w');
  } catch (error) {
    // The starter has gone; the core lives on for whoever comes next.
    process.stderr.write(`konverge core: nobody reads the ready line: ${(error as Error).message}\n`);
  }
}

function coreLogger(): Logger {
  // Standard error is core.log. Synchronous: the last words before a crash are the ones that matter.
  const destination = pino.destination({ fd: 2, sync: true });
  // A full disk takes no log either; unheard, the error would end the process.
  destination.on('error', () => undefined);
  return pino(
    { level: process.env['KONVERGE_LOG_LEVEL'] ?? 'info', base: null, timestamp: pino.stdTimeFunctions.isoTime },
    destination,
  );
}
