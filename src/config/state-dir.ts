import { createHash } from 'node:crypto';
import { chmodSync, existsSync, lstatSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import * as z from 'zod';
import { KonvergeError } from '../domain/error.ts';

/** A unix socket's path has 108 bytes with its closing zero (unix(7)); a deep working directory does not fit. */
const socketPathLimitBytes = 107;

const CoreFile = z.object({
  pid: z.int().positive(),
  socket: z.string(),
  engine: z.string(),
  version: z.string(),
  host: z.string(),
});
export type CoreFile = z.infer<typeof CoreFile>;

/** The files of a working directory's core, all below `.snakemake/konverge`. */
export interface StateDir {
  readonly workdir: string;
  readonly path: string;
  readonly store: string;
  readonly lock: string;
  readonly coreFile: string;
  readonly log: string;
  readonly runs: string;
}

export function stateDirOf(workdir: string): StateDir {
  const path = join(resolve(workdir), '.snakemake', 'konverge');
  return {
    workdir: resolve(workdir),
    path,
    store: join(path, 'store.sqlite'),
    lock: join(path, 'core.lock'),
    coreFile: join(path, 'core.json'),
    log: join(path, 'core.log'),
    runs: join(path, 'runs'),
  };
}

/**
 * Where the core listens: beside its other files, or, where that path is too long for a socket, in a folder of the user's
 * own below the runtime or temporary directory. core.json says which.
 */
export function socketPathFor(state: StateDir): string {
  const beside = join(state.path, 'core.sock');
  if (Buffer.byteLength(beside) <= socketPathLimitBytes) return beside;
  const name = `${createHash('sha256').update(state.path).digest('hex').slice(0, 16)}.sock`;
  const { uid } = userInfo();
  const runtime = process.env['XDG_RUNTIME_DIR'];
  const folders = [
    ...(runtime ? [join(runtime, 'konverge')] : []),
    join(tmpdir(), `konverge-${uid}`),
    `/tmp/konverge-${uid}`,
  ];
  const folder = folders.find((candidate) => Buffer.byteLength(join(candidate, name)) <= socketPathLimitBytes);
  if (folder === undefined) {
    throw new KonvergeError(
      'core-not-startable',
      `no place for a socket: ${beside} and ${folders.join(', ')} are longer than ${socketPathLimitBytes} bytes`,
      {
        hint: 'Set TMPDIR or XDG_RUNTIME_DIR to a short path.',
      },
    );
  }
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const stats = lstatSync(folder);
  // Somebody else could have made the folder in a shared /tmp first, and would then own our socket.
  if (!stats.isDirectory() || stats.uid !== uid) {
    throw new KonvergeError('core-not-startable', `${folder} is not a folder of this user`, {
      hint: 'Remove it, or set XDG_RUNTIME_DIR.',
    });
  }
  chmodSync(folder, 0o700);
  return join(folder, name);
}

export function writeCoreFile(state: StateDir, core: CoreFile): void {
  const temporary = `${state.coreFile}.${core.pid}`;
  writeFileSync(temporary, `${JSON.stringify(core)}\n`, { mode: 0o600 });
  renameSync(temporary, state.coreFile);
}

/** What core.json says, if there is one that can be read; whether that core still lives is another question. */
export function readCoreFile(state: StateDir): CoreFile | undefined {
  if (!existsSync(state.coreFile)) return undefined;
  try {
    const parsed = CoreFile.safeParse(JSON.parse(readFileSync(state.coreFile, 'utf8')));
    return parsed.success ? parsed.data : undefined;
  } catch {
    // Half-written by a crash of an old version, or not ours: the same as none.
    return undefined;
  }
}

/** Removes core.json and the socket, if they are still this core's. */
export function removeCoreFile(state: StateDir, pid: number): void {
  const current = readCoreFile(state);
  if (current?.pid !== pid) return;
  rmSync(current.socket, { force: true });
  rmSync(state.coreFile, { force: true });
}
