import { randomBytes } from 'node:crypto';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { isMissing } from './errors.ts';

/** Files that are not objects yet. Listings pass over them. */
export const hiddenPrefix = '.konverge-upload-';

/**
 * A new name for a file that will be renamed to `key`: on the same file system, and in a folder that is there already, since
 * a folder that appears before its files would look like a finished output.
 */
export async function hiddenPathFor(key: string): Promise<string> {
  return path.join(await nearestFolder(path.dirname(key)), hiddenPrefix + randomBytes(8).toString('hex'));
}

async function nearestFolder(folder: string): Promise<string> {
  try {
    await stat(folder);
    return folder;
  } catch (error) {
    const parent = path.dirname(folder);
    if (!isMissing(error) || parent === folder) throw error;
    return nearestFolder(parent);
  }
}
