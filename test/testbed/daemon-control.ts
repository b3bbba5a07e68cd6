import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Stop } from '../../tools/setup/stop.mjs';
import type { Daemon } from './daemon.ts';
import type { Place } from './place.ts';
import { probe, waitUntilWell } from './probe.ts';
import { lives, readLiving, removeRecord, startTimeOf, writeRecord } from './process-record.ts';

/** Of collections of Go's garbage: what is short on a machine with a whole cluster is processors, not memory. 100 is the default. */
const garbagePercent = '300';
const searchPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const lastLines = 12;
const portPatienceMs = 1000;

/**
 * Starts a daemon and waits until it is ready. Leaves one alone that runs as it should; one that runs otherwise (another
 * command, another configuration) is ended first.
 */
export async function startDaemon(daemon: Daemon, place: Place): Promise<void> {
  const fingerprint = fingerprintOf(daemon);
  const living = readLiving(place.daemons, daemon.name);
  if (living !== undefined && living.fingerprint !== fingerprint) await stopDaemon(daemon.name, place);
  if (living?.fingerprint !== fingerprint) await launch(daemon, place, fingerprint);
  await waitUntilReady(daemon, place);
}

async function launch(daemon: Daemon, place: Place, fingerprint: string): Promise<void> {
  await checkPorts(daemon);
  for (const file of daemon.files ?? []) {
    await mkdir(path.dirname(file.path), { recursive: true });
    await writeFile(file.path, file.content, { mode: 0o600 });
  }
  mkdirSync(place.logs, { recursive: true });
  const log = openSync(logOf(daemon.name, place), 'a');
  const [program = '', ...rest] = daemon.argv;
  // A session of its own: it outlives us, and no Ctrl-C reaches it.
  const child = spawn(program, rest, {
    detached: true,
    cwd: '/',
    stdio: ['ignore', log, log],
    env: { PATH: searchPath, HOME: '/root', GOGC: garbagePercent, ...daemon.env },
  });
  closeSync(log);
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (error) => reject(new Stop(`${daemon.name} cannot be started: ${error.message}`)));
  });
  const pid = child.pid ?? 0;
  const startTime = startTimeOf(pid) ?? 'gone';
  child.unref();
  await writeRecord(place.daemons, daemon.name, { pid, startTime, fingerprint });
}

async function waitUntilReady(daemon: Daemon, place: Place): Promise<void> {
  const ended = async (): Promise<string | null> =>
    readLiving(place.daemons, daemon.name) === undefined ? 'it ended at once' : null;
  try {
    await waitUntilWell(daemon.name, () => probe(daemon.ready, place.pki), daemon.patienceMs, ended);
  } catch (error) {
    const file = logOf(daemon.name, place);
    const tail = readFileSync(file, 'utf8').trimEnd().split('\n').slice(-lastLines).join('\n');
    throw new Stop(`${(error as Error).message}\nThe end of ${file}:\n${tail}`);
  }
}

/** Ends a daemon and waits until it is gone; SIGKILL after a while. Does nothing if it does not run. */
export async function stopDaemon(name: string, place: Place, graceMs = 10_000): Promise<void> {
  const record = readLiving(place.daemons, name);
  if (record !== undefined) {
    signal(record.pid, 'SIGTERM');
    const killAt = performance.now() + graceMs;
    let killed = false;
    while (lives(record)) {
      if (!killed && performance.now() > killAt) {
        signal(record.pid, 'SIGKILL');
        killed = true;
      }
      await pause(20);
    }
  }
  await removeRecord(place.daemons, name);
}

/** SIGKILL, for tests of sudden ends. */
export async function killDaemon(name: string, place: Place): Promise<void> {
  const record = readLiving(place.daemons, name);
  if (record !== undefined) {
    signal(record.pid, 'SIGKILL');
    while (lives(record)) await pause(5);
  }
  await removeRecord(place.daemons, name);
}

export function logOf(name: string, place: Place): string {
  return path.join(place.logs, `${name}.log`);
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

export function fingerprintOf({ argv, env, files }: Daemon): string {
  return createHash('sha256')
    .update(JSON.stringify([argv, env ?? {}, files ?? []]))
    .digest('hex')
    .slice(0, 16);
}

/** @throws {Stop} naming the port that somebody else has */
export async function checkPorts({ name, ports }: Pick<Daemon, 'name' | 'ports'>): Promise<void> {
  for (const at of ports) {
    const { host, port } = typeof at === 'number' ? { host: '127.0.0.1', port: at } : at;
    if (await isTaken(host, port)) {
      throw new Stop(
        `port ${port} of ${host} is taken by another program, ${name} needs it: \`ss -lntp sport = :${port}\` names it`,
      );
    }
  }
}

/** For a while: a port is let go of a moment after the process that had it is gone. */
async function isTaken(host: string, port: number): Promise<boolean> {
  const deadline = performance.now() + portPatienceMs;
  while ((await listenOnce(host, port)) === 'EADDRINUSE') {
    if (performance.now() > deadline) return true;
    await pause(20);
  }
  return false;
}

function listenOnce(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}
