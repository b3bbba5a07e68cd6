import { createHash, randomUUID } from 'node:crypto';
import { lstatSync, mkdirSync, readdirSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { KonvergeError } from '../domain/error.ts';
import { describeLocation, type ObjectLocation } from '../domain/object-location.ts';
import type { ObjectFacts } from '../ports/object-store.ts';
import { isAbsent } from './disk-error.ts';
import { type DownloadContext, download } from './download.ts';
import { SharedTask } from './shared-task.ts';
import { placeOf } from './transfer-plan.ts';

/** The local copy of an object. */
export interface CacheEntry {
  readonly path: string;
  readonly facts: ObjectFacts;
  /** A command once changed it in place: from then on each step gets a copy of its own. */
  readonly copyOnly: boolean;
}

/** What remains of unused copies while the agent lives, so that one step after the other can use them. */
const keepUnusedBytes = 1024 ** 3;
const copyOnlySuffix = '.copy-only';

/**
 * Local copies of inputs, hard-linked into the working directories of steps. The file system itself counts the users: a copy
 * with one link is used by nobody. So nothing is lost in a crash, and two agents can share the folder.
 *
 * A copy has the object's modification time (in whole seconds, all that a HEAD tells). One that has another time or size was
 * changed in place by a command, and is not used again.
 */
export class InputCache {
  private readonly folder: string;
  private readonly etags = new Map<string, string>();
  private readonly copyOnly: Set<string>;
  private readonly running = new Map<string, SharedTask<CacheEntry | undefined>>();

  constructor(stateDir: string) {
    this.folder = join(stateDir, 'objects');
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    const marks = readdirSync(this.folder).filter((name) => name.endsWith(copyOnlySuffix));
    this.copyOnly = new Set(marks.map((name) => name.slice(0, -copyOnlySuffix.length)));
  }

  /**
   * The object as a local file; undefined if there is none. `listed` are facts from a listing that was just made. Who wants
   * an object that is on its way waits for that download.
   */
  obtain(
    context: DownloadContext,
    at: ObjectLocation,
    listed: ObjectFacts | undefined,
    signal: AbortSignal,
  ): Promise<CacheEntry | undefined> {
    const place = placeOf(at);
    let task = this.running.get(place);
    if (task === undefined || task.abandoned) {
      task = new SharedTask((shared) => this.fetch(context, at, place, listed, shared));
      this.running.set(place, task);
      const mine = task;
      task.settled(() => {
        if (this.running.get(place) === mine) this.running.delete(place);
      });
    }
    return task.wait(signal);
  }

  /** After a command changed an entry in place. */
  drop(entryPath: string, at: ObjectLocation): void {
    rmSync(entryPath, { force: true });
    const mark = hash(placeOf(at));
    this.copyOnly.add(mark);
    writeFileSync(join(this.folder, mark + copyOnlySuffix), '');
  }

  /** Removes copies that nobody uses, the longest unused first, until those left are at most so many bytes. */
  trim(keepBytes: number = keepUnusedBytes): void {
    const unused = readdirSync(this.folder).flatMap((name) => {
      const path = join(this.folder, name);
      const stats = lstatSync(path, { throwIfNoEntry: false });
      // Its change time is that of its last link.
      return stats?.isFile() && stats.nlink === 1 && name.endsWith('.object') ? [{ path, stats }] : [];
    });
    let bytes = unused.reduce((sum, { stats }) => sum + stats.size, 0);
    for (const { path, stats } of unused.sort((a, b) => a.stats.ctimeMs - b.stats.ctimeMs)) {
      if (bytes <= keepBytes) return;
      rmSync(path, { force: true });
      bytes -= stats.size;
    }
  }

  /**
   * Removes what downloads of agents that were killed left behind; another agent may still be at work here. To be called before
   * the first download: in a container each agent has the same process id.
   */
  sweep(): void {
    for (const name of readdirSync(this.folder)) {
      const [, pid] = /^(\d+)-.*\.partial$/.exec(name) ?? [];
      if (pid !== undefined && (Number(pid) === process.pid || !isAlive(Number(pid))))
        rmSync(join(this.folder, name), { force: true });
    }
  }

  private async fetch(
    context: DownloadContext,
    at: ObjectLocation,
    place: string,
    listed: ObjectFacts | undefined,
    signal: AbortSignal,
  ): Promise<CacheEntry | undefined> {
    // A GET that is not needed costs more than a HEAD that is.
    const facts = listed ?? (this.etags.has(place) ? await context.store.head(at, signal) : undefined);
    if (facts !== undefined) {
      const entry = this.valid(place, facts);
      if (entry !== undefined) return entry;
    }
    try {
      return await this.load(context, at, place, signal);
    } catch (error) {
      if (!(error instanceof KonvergeError)) throw error;
      if (error.code === 'object-missing') return undefined;
      if (error.code !== 'disk-full') throw error;
      this.trim(0);
      return await this.load(context, at, place, signal);
    }
  }

  private async load(
    context: DownloadContext,
    at: ObjectLocation,
    place: string,
    signal: AbortSignal,
  ): Promise<CacheEntry> {
    const partial = join(this.folder, `${process.pid}-${randomUUID()}.partial`);
    try {
      let isNew = true;
      const wanted = (facts: ObjectFacts): boolean => {
        isNew = this.valid(place, facts) === undefined;
        return isNew;
      };
      const facts = await download(context, at, partial, wanted, signal);
      const path = this.pathOf(place, facts);
      if (isNew) {
        const { size } = lstatSync(partial);
        if (size !== facts.sizeBytes) {
          const message = `${describeLocation(at)}: ${size} of ${facts.sizeBytes} bytes came`;
          throw new KonvergeError('storage-failed', message);
        }
        const seconds = Math.floor(facts.modifiedMs / 1000);
        utimesSync(partial, seconds, seconds);
        renameSync(partial, path);
        context.logger.debug({ object: describeLocation(at), bytes: facts.sizeBytes }, 'an input was fetched');
      }
      this.etags.set(place, facts.etag);
      return { path, facts, copyOnly: this.copyOnly.has(hash(place)) };
    } catch (error) {
      rmSync(partial, { force: true });
      throw error;
    }
  }

  private valid(place: string, facts: ObjectFacts): CacheEntry | undefined {
    const path = this.pathOf(place, facts);
    try {
      const stats = lstatSync(path);
      const untouched = stats.size === facts.sizeBytes && stats.mtimeMs === Math.floor(facts.modifiedMs / 1000) * 1000;
      if (untouched) return { path, facts, copyOnly: this.copyOnly.has(hash(place)) };
      rmSync(path, { force: true });
    } catch (error) {
      if (!isAbsent(error)) throw error;
    }
    return undefined;
  }

  private pathOf(place: string, { etag, modifiedMs }: ObjectFacts): string {
    return join(this.folder, `${hash(JSON.stringify([place, etag, Math.floor(modifiedMs / 1000)]))}.object`);
  }
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 40);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
