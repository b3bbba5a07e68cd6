import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { KonvergeError } from '../../domain/error.ts';
import { migrations } from './migrations/index.ts';

/**
 * Opens the database file and brings it to the newest schema; each migration is one transaction.
 *
 * WAL with synchronous NORMAL: a killed process loses nothing that `write` has returned from; a power cut may lose the
 * last moments, but never tears a transaction, and what ran is found again by its files and observations.
 */
export function openDatabase(path: string, options: { readonly readOnly?: boolean } = {}): DatabaseSync {
  try {
    if (options.readOnly) return new DatabaseSync(path, { readOnly: true, timeout: 5000 });
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    // For this user only, whatever the umask: commands are in it. SQLite gives its side files the same rights.
    closeSync(openSync(path, 'a', 0o600));
    const database = new DatabaseSync(path, { timeout: 5000 });
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY;');
    migrate(database);
    return database;
  } catch (cause) {
    if (cause instanceof KonvergeError) throw cause;
    throw new KonvergeError('store-failed', `cannot open the run store ${path}: ${(cause as Error).message}`, {
      cause,
    });
  }
}

function migrate(database: DatabaseSync): void {
  const { user_version: version } = database.prepare('PRAGMA user_version').get() as { user_version: number };
  if (version > migrations.length) {
    throw new KonvergeError(
      'store-failed',
      `the run store has schema ${version}, and this version of konverge knows only up to ${migrations.length}`,
      { hint: 'Use the newer konverge that made it, or move .snakemake/konverge away.' },
    );
  }
  for (const [index, sql] of migrations.entries()) {
    if (index < version) continue;
    database.exec(`BEGIN IMMEDIATE; ${sql} PRAGMA user_version = ${index + 1}; COMMIT;`);
  }
}
