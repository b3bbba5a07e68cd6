import { constants, lstatSync } from 'node:fs';
import { chmod, copyFile, link, mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { KonvergeError } from '../domain/error.ts';
import { describeLocation, type ObjectLocation } from '../domain/object-location.ts';
import type { StagedFile } from '../domain/staging.ts';
import type { ListedObject, ObjectFacts } from '../ports/object-store.ts';
import type { CallContext } from './agent-context.ts';
import { diskError } from './disk-error.ts';
import { forEachBounded } from './for-each-bounded.ts';
import type { CacheEntry } from './input-cache.ts';
import type { InputNotes } from './input-notes.ts';
import { localPath, pathBelow } from './step-paths.ts';
import { below } from './transfer-plan.ts';

export interface WantedFile extends StagedFile {
  /** A private copy that the command may write to, or none if the object is not there (update()). */
  readonly update: boolean;
}

const filesAtOnce = 32;
/** An entry may be removed between the moment it is found and the moment it is linked. */
const maxLinkTries = 3;

/** Brings inputs into a working directory and says what came; `withSizes` for an extended benchmark. */
export async function stageInputs(
  context: CallContext,
  workdir: string,
  inputs: readonly WantedFile[],
  withSizes: boolean,
  signal: AbortSignal,
): Promise<InputNotes> {
  const made = new Set<string>();
  const staged: StagedFact[] = [];
  await forEachBounded(inputs, filesAtOnce, signal, async (input, signal) => {
    const path = localPath(workdir, input.path);
    try {
      const fact = await placeObject(context, input, path, undefined, made, signal);
      if (fact !== undefined) staged.push(fact);
      else staged.push(...(await placeDirectory(context, input, path, made, signal)));
    } catch (error) {
      // The first output of a new bucket: there is nothing to update.
      if (!(input.update && error instanceof KonvergeError && error.code === 'bucket-missing')) throw error;
    }
  });

  const plain = inputs.filter(({ update }) => withSizes && !update);
  return {
    ...(staged.length > 0 && { newestMs: staged.reduce((newest, { modifiedMs }) => Math.max(newest, modifiedMs), 0) }),
    // For a directory that is what the file system says of the directory itself, as in Snakemake.
    sizesMb: Object.fromEntries(
      plain.map(({ path }) => [path, lstatSync(localPath(workdir, path)).size / 1024 / 1024]),
    ),
    links: staged.flatMap(({ link }) => (link ? [link] : [])),
  };
}

interface StagedFact {
  readonly modifiedMs: number;
  readonly link?: InputNotes['links'][number];
}

async function placeDirectory(
  context: CallContext,
  input: WantedFile,
  path: string,
  made: Set<string>,
  signal: AbortSignal,
): Promise<readonly StagedFact[]> {
  const directory = below(input.at);
  const members: ListedObject[] = [];
  for await (const member of context.store(input.at.store).list(directory, { signal })) {
    // Such keys are only the marks of directories that some tools make.
    if (!member.at.key.endsWith('/')) members.push(member);
  }
  if (members.length === 0) {
    if (input.update) return [];
    throw new KonvergeError('object-missing', `input ${input.path} is not in storage: ${describeLocation(input.at)}`);
  }
  await mkdir(path, { recursive: true });
  const facts: StagedFact[] = [];
  await forEachBounded(members, filesAtOnce, signal, async (member, signal) => {
    const name = pathBelow(directory, member.at);
    const file: WantedFile = { path: join(input.path, name), at: member.at, update: input.update };
    const fact = await placeObject(context, file, join(path, name), member, made, signal);
    // It was removed since the listing: the directory is not what the listing says.
    if (fact === undefined)
      throw new KonvergeError('object-changed', `${describeLocation(member.at)} was removed meanwhile`);
    facts.push(fact);
  });
  return facts;
}

async function placeObject(
  context: CallContext,
  file: WantedFile,
  path: string,
  listed: ObjectFacts | undefined,
  made: Set<string>,
  signal: AbortSignal,
): Promise<StagedFact | undefined> {
  const store = context.store(file.at.store);
  for (let tries = 1; ; tries += 1) {
    const entry = await context.cache.obtain({ ...context, store }, file.at, listed, signal);
    if (entry === undefined) return undefined;
    try {
      const folder = dirname(path);
      if (!made.has(folder)) await mkdir(folder, { recursive: true });
      made.add(folder);
      const linked = !file.update && !entry.copyOnly && (await tryLink(entry.path, path));
      if (!linked) await copyEntry(context, entry.path, path);
      const { modifiedMs } = entry.facts;
      return linked ? { modifiedMs, link: noteOf(file, file.at, entry, path) } : { modifiedMs };
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      if (code === 'ENOENT' && tries < maxLinkTries) continue;
      if (code === 'EEXIST' || code === 'ENOTDIR' || code === 'EISDIR') {
        const message = `${describeLocation(file.at)} and the prefix of other objects would be one path: ${file.path}`;
        throw new KonvergeError('object-ambiguous', message, { cause });
      }
      throw diskError(path, cause);
    }
  }
}

/** False where the file system does not link: another device, too many links, a mount that forbids it. */
async function tryLink(source: string, path: string): Promise<boolean> {
  try {
    await link(source, path);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // A directory and a file in it may both be inputs.
    if (code === 'EEXIST' && lstatSync(path).ino === lstatSync(source).ino) return true;
    if (code === 'EXDEV' || code === 'EMLINK' || code === 'EPERM' || code === 'ENOTSUP') return false;
    throw error;
  }
}

async function copyEntry(context: CallContext, source: string, path: string): Promise<void> {
  const copy = async (): Promise<void> => copyFile(source, path, constants.COPYFILE_FICLONE);
  try {
    // Never through a link into the cache.
    await rm(path, { force: true });
    await copy();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    context.cache.trim(0);
    await copy();
  }
  await chmod(path, 0o644);
}

function noteOf(file: StagedFile, at: ObjectLocation, entry: CacheEntry, path: string): InputNotes['links'][number] {
  const stats = lstatSync(path, { bigint: true });
  return {
    path: file.path,
    at,
    entry: entry.path,
    inode: String(stats.ino),
    sizeBytes: String(stats.size),
    modifiedNs: String(stats.mtimeNs),
  };
}
