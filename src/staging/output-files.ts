import { type BigIntStats, lstatSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { KonvergeError } from '../domain/error.ts';
import { isAbsent } from './disk-error.ts';
import { isWithin } from './step-paths.ts';

/** A file to be uploaded. `stats` are those of the file itself, not of a link to it. */
export interface OutputFile {
  readonly path: string;
  /** Below a directory output; empty for the output itself. */
  readonly name: string;
  readonly stats: BigIntStats;
}

/** What an output is after the command; a symbolic link counts as what it leads to. */
export interface FoundOutput {
  readonly kind: 'file' | 'directory';
  readonly files: readonly OutputFile[];
}

/**
 * Looks at an output and all that is in it; undefined if it is not there. The rule for symbolic links: one that leads to
 * something within the step's working directory is followed, whether to a file, a directory or a staged input; one that leads
 * out, to nothing or in a circle is `link-refused`. What is no file, directory or link is `output-invalid`.
 */
export async function findOutput(workdir: string, path: string): Promise<FoundOutput | undefined> {
  const root = realpathSync.native(workdir);
  try {
    lstatSync(path);
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
  // Synchronous where it is one file after the other: ten times faster, and the files are on this machine.
  const real = follow(root, path);
  const stats = statSync(real, { bigint: true });
  if (!stats.isDirectory()) {
    checkOrdinary(stats, path);
    return { kind: 'file', files: [{ path: real, name: '', stats }] };
  }
  const files: OutputFile[] = [];
  await walk({ root, files }, path, real, '', [real]);
  return { kind: 'directory', files };
}

interface Walk {
  readonly root: string;
  readonly files: OutputFile[];
}

/** `real` is where the directory shown as `path` is; `above` are the real directories on the way to it. */
async function walk(at: Walk, path: string, real: string, name: string, above: readonly string[]): Promise<void> {
  for (const entry of await readdir(real, { withFileTypes: true })) {
    const shown = join(path, entry.name);
    const member = name === '' ? entry.name : `${name}/${entry.name}`;
    const target = entry.isSymbolicLink() ? follow(at.root, join(real, entry.name), shown) : join(real, entry.name);
    const stats = statSync(target, { bigint: true });
    if (stats.isDirectory()) {
      if (above.includes(target)) throw refusal(shown, target, 'which contains it');
      await walk(at, shown, target, member, [...above, target]);
    } else {
      checkOrdinary(stats, shown);
      at.files.push({ path: target, name: member, stats });
    }
  }
}

/** Where a path really is; also a directory on the way may be a link. */
function follow(root: string, path: string, shown: string = path): string {
  let real: string;
  try {
    real = realpathSync.native(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const target = lstatSync(path).isSymbolicLink() ? readlinkSync(path) : path;
    if (code === 'ELOOP') throw refusal(shown, target, 'in a circle');
    if (isAbsent(error)) throw refusal(shown, target, 'which is not there');
    throw error;
  }
  if (!isWithin(root, real)) throw refusal(shown, real, "outside of the step's working directory");
  return real;
}

function refusal(path: string, target: string, why: string): KonvergeError {
  return new KonvergeError('link-refused', `${path} is a symbolic link to ${target}, ${why}`);
}

function checkOrdinary(stats: BigIntStats, path: string): void {
  if (stats.isFile()) return;
  const kind = stats.isFIFO() ? 'a named pipe' : stats.isSocket() ? 'a socket' : 'a device';
  throw new KonvergeError('output-invalid', `${path} is ${kind}, not a file`);
}
