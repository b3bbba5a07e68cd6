import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import * as z from 'zod';
import { readCoreFile, type StateDir } from '../../config/state-dir.ts';
import { KonvergeError } from '../../domain/error.ts';
import { type ErrorCode, errorTable } from '../../domain/error-table.ts';
import { Health } from '../http/schemas.ts';
import { CoreClient } from './core-client.ts';

/** A core that cannot reach its cluster says so after half a minute. */
const startTimeoutMs = 60_000;
/** A core that lives answers this in a millisecond; one that is stopped or hangs never does. */
const healthTimeoutMs = 5000;

const ReadyLine = z.discriminatedUnion('ready', [
  z.object({ ready: z.literal(true), socket: z.string() }),
  z.object({ ready: z.literal(false), error: z.object({ code: z.string(), message: z.string(), hint: z.string() }) }),
]);

/** The core of this directory, if it lives. */
export async function findCore(state: StateDir): Promise<CoreClient | undefined> {
  const file = readCoreFile(state);
  if (!file) return undefined;
  const client = new CoreClient(file.socket);
  try {
    await client.call('GET', '/v1/health', Health, undefined, healthTimeoutMs);
    return client;
  } catch {
    // core.json of a core that was killed: the same as none.
    return undefined;
  }
}

export interface StartOptions {
  /** How to start a core: node and the entry file. */
  readonly command: readonly [string, ...string[]];
  readonly engine: string;
  readonly config?: string;
  /** Of a cluster; over that of konverge.yaml. */
  readonly namespace?: string;
}

/** The core of this directory; one is started if none lives. Throws `core-not-startable`, or what the core itself says. */
export async function connectCore(state: StateDir, options: StartOptions): Promise<CoreClient> {
  return (await findCore(state)) ?? new CoreClient(await startCore(state, options));
}

/** Looking at a past run must not make one: only a directory that has a store is worth a core. */
export async function connectExisting(state: StateDir, options: StartOptions): Promise<CoreClient> {
  if (!existsSync(state.store)) {
    throw new KonvergeError('not-found', `no run of konverge is known in ${state.workdir}`, {
      hint: 'Go to the directory of the run, or name it with --directory.',
    });
  }
  return connectCore(state, options);
}

async function startCore(state: StateDir, options: StartOptions): Promise<string> {
  mkdirSync(state.path, { recursive: true, mode: 0o700 });
  const log = openSync(state.log, 'a', 0o600);
  const [node, ...args] = options.command;
  // A session of its own: Ctrl-C at the terminal is for the front end, which then asks the core (design.md 12.9).
  const child = spawn(
    node,
    [
      ...args,
      'core',
      '--workdir',
      state.workdir,
      '--engine',
      options.engine,
      ...(options.config ? ['--config', options.config] : []),
      ...(options.namespace ? ['--namespace', options.namespace] : []),
    ],
    {
      cwd: state.workdir,
      detached: true,
      env: { NODE_COMPILE_CACHE: compileCachePath(), ...process.env },
      stdio: ['ignore', 'pipe', log],
    },
  );
  closeSync(log);
  const failed = new Promise<never>((_resolve, reject) => child.once('error', reject));
  const { stdout } = child;
  if (stdout === null) throw new KonvergeError('core-not-startable', 'the core has no standard output');
  try {
    const lines = createInterface({ input: stdout, signal: AbortSignal.timeout(startTimeoutMs) });
    const line = await Promise.race([failed, firstLine(lines)]);
    const ready = line === undefined ? undefined : ReadyLine.parse(JSON.parse(line));
    if (ready?.ready) return ready.socket;
    if (ready) throw errorFrom(ready.error);
    throw new KonvergeError(
      'core-not-startable',
      `the core said nothing; its last words in ${state.log}:\n${lastWords(state.log)}`,
    );
  } catch (cause) {
    if (cause instanceof KonvergeError) throw cause;
    throw new KonvergeError('core-not-startable', `${node}: ${(cause as Error).message}`, { cause });
  } finally {
    stdout.destroy();
    child.unref();
  }
}

/** Node keeps what it compiled there, which halves the start of a core. Safe to delete. */
function compileCachePath(): string {
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'konverge', 'compile');
}

async function firstLine(lines: AsyncIterable<string>): Promise<string | undefined> {
  for await (const line of lines) return line;
  return undefined;
}

function errorFrom(error: { code: string; message: string; hint: string }): KonvergeError {
  const code = error.code in errorTable ? (error.code as ErrorCode) : 'core-not-startable';
  return new KonvergeError(code, error.message, { hint: error.hint });
}

function lastWords(path: string): string {
  return readFileSync(path, 'utf8').trimEnd().split('\n').slice(-5).join('\n');
}
