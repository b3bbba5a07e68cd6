import { createHash, randomUUID } from 'node:crypto';
import { chmodSync, lstatSync, mkdirSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { copyFile, link, symlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import * as z from 'zod';
import { KonvergeError } from '../domain/error.ts';
import { diskError, isAbsent } from './disk-error.ts';
import { readTar, type TarEntry } from './tar-reader.ts';

const Index = z.array(
  z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('directory'), path: z.string() }),
    z.object({ kind: z.literal('link'), path: z.string(), target: z.string() }),
    z.object({ kind: z.literal('file'), path: z.string(), sizeBytes: z.number(), modifiedMs: z.number() }),
  ]),
);
type Index = z.infer<typeof Index>;

/**
 * The workflow's sources, extracted once for each digest into `<stateDir>/sources/<digest>/`: `tree/` and `index.json`, which
 * says what is in it. A step gets real directories and hard links to the files. A command may write into such a file all the
 * same, so each is compared with the index when it is linked, and the tree is extracted anew if one differs.
 */
export class SourceTree {
  private readonly folder: string;
  private readonly extracting = new Map<string, Promise<Index>>();

  constructor(stateDir: string) {
    this.folder = join(stateDir, 'sources');
  }

  /** Puts the sources into a working directory. `archive` is asked for the gzip'd tar only if it is needed. */
  async place(digest: string, workdir: string, archive: () => Promise<Buffer>): Promise<void> {
    let index = this.knownIndex(digest) ?? (await this.extractOnce(digest, archive));
    if (!this.isUntouched(digest, index)) {
      rmSync(join(this.folder, digest), { recursive: true, force: true });
      index = await this.extractOnce(digest, archive);
    }
    for (const entry of index) {
      const target = join(workdir, entry.path);
      const source = join(this.folder, digest, 'tree', entry.path);
      try {
        mkdirSync(entry.kind === 'directory' ? target : dirname(target), { recursive: true });
        if (entry.kind === 'link') await symlink(entry.target, target);
        // Another file system, or too many links: a copy does as well.
        if (entry.kind === 'file') await link(source, target).catch(() => copyFile(source, target));
      } catch (cause) {
        throw diskError(target, cause);
      }
    }
  }

  private knownIndex(digest: string): Index | undefined {
    try {
      return Index.parse(JSON.parse(readFileSync(join(this.folder, digest, 'index.json'), 'utf8')));
    } catch (error) {
      if (isAbsent(error) || error instanceof SyntaxError || error instanceof z.ZodError) return undefined;
      throw error;
    }
  }

  private isUntouched(digest: string, index: Index): boolean {
    return index.every((entry) => {
      if (entry.kind !== 'file') return true;
      const stats = lstatSync(join(this.folder, digest, 'tree', entry.path), { throwIfNoEntry: false });
      return stats?.isFile() === true && stats.size === entry.sizeBytes && stats.mtimeMs === entry.modifiedMs;
    });
  }

  private extractOnce(digest: string, archive: () => Promise<Buffer>): Promise<Index> {
    const running = this.extracting.get(digest);
    if (running) return running;
    const extracted = this.extract(digest, archive).finally(() => this.extracting.delete(digest));
    this.extracting.set(digest, extracted);
    return extracted;
  }

  private async extract(digest: string, archive: () => Promise<Buffer>): Promise<Index> {
    const packed = await archive();
    if (createHash('sha256').update(packed).digest('hex') !== digest) {
      throw new KonvergeError('sources-missing', `the archive of the sources is not the one with SHA-256 ${digest}`);
    }
    const temporary = join(this.folder, `${digest}.${randomUUID()}`);
    const place = join(this.folder, digest);
    try {
      const index = unpack(await promisify(gunzip)(packed), join(temporary, 'tree'));
      writeFileSync(join(temporary, 'index.json'), JSON.stringify(index));
      rmSync(place, { recursive: true, force: true });
      renameSync(temporary, place);
      return index;
    } catch (cause) {
      throw diskError(temporary, cause);
    } finally {
      rmSync(temporary, { recursive: true, force: true });
    }
  }
}

function unpack(archive: Buffer, tree: string): Index {
  mkdirSync(tree, { recursive: true });
  const index = new Map<string, Index[number]>();
  for (const entry of readTar(archive)) {
    if (entry.path === '') continue;
    const path = join(tree, entry.path);
    switch (entry.kind) {
      case 'directory':
        mkdirSync(path, { recursive: true });
        index.set(entry.path, { kind: 'directory', path: entry.path });
        break;
      case 'link':
        checkLink(entry);
        index.set(entry.path, { kind: 'link', path: entry.path, target: entry.target });
        break;
      case 'file': {
        mkdirSync(dirname(path), { recursive: true });
        rmSync(path, { force: true });
        writeFileSync(path, entry.content);
        // Kept from being written into by accident; root does it all the same.
        chmodSync(path, (entry.mode & 0o111) === 0 ? 0o444 : 0o555);
        const seconds = Math.floor(entry.modifiedMs / 1000);
        utimesSync(path, seconds, seconds);
        const modifiedMs = seconds * 1000;
        index.set(entry.path, { kind: 'file', path: entry.path, sizeBytes: entry.content.length, modifiedMs });
      }
    }
  }
  return [...index.values()];
}

function checkLink({ path, target }: TarEntry): void {
  const root = '/workdir';
  const end = resolve(dirname(join(root, path)), target);
  if (target.startsWith('/') || !(end === root || end.startsWith(`${root}/`))) {
    throw new KonvergeError(
      'link-refused',
      `the sources have a symbolic link that leads out of them: ${path} -> ${target}`,
    );
  }
}
