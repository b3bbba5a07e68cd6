import { DatabaseSync } from 'node:sqlite';
import { KonvergeError } from '../domain/error.ts';

/**
 * One core for a working directory: an exclusive transaction on a database file that holds nothing.
 *
 * Node has no flock; SQLite's lock is the kernel's (fcntl), so it is gone with the process however it dies, and there is
 * never a stale lock to judge.
 */
export class CoreLock {
  readonly #database: DatabaseSync;

  private constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** The lock, or undefined while another core of this directory has it. */
  static tryAcquire(path: string): CoreLock | undefined {
    let database: DatabaseSync | undefined;
    try {
      database = new DatabaseSync(path, { timeout: 0 });
      database.exec('BEGIN EXCLUSIVE');
      return new CoreLock(database);
    } catch (cause) {
      database?.close();
      // SQLITE_BUSY
      if ((cause as { errcode?: number }).errcode === 5) return undefined;
      throw new KonvergeError('core-not-startable', `cannot lock ${path}: ${(cause as Error).message}`, { cause });
    }
  }

  release(): void {
    this.#database.close();
  }
}
