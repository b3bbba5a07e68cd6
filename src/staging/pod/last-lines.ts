import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { isAbsent } from '../disk-error.ts';
import { streams } from './log-streams.ts';

const maxLines = 20;
const maxBytes = 4096;

/** The last lines of the step's stderr, else of its stdout; undefined if it has written nothing. */
export function lastLines(folder: string): string | undefined {
  for (const stream of streams) {
    const text = endOf(join(folder, stream)).trimEnd();
    if (text !== '') return text.split('\n').slice(-maxLines).join('\n');
  }
  return undefined;
}

function endOf(path: string): string {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    if (isAbsent(error)) return '';
    throw error;
  }
  try {
    const { size } = fstatSync(file);
    const buffer = Buffer.alloc(Math.min(size, maxBytes));
    const bytes = readSync(file, buffer, 0, buffer.length, size - buffer.length);
    // The first bytes may be the rest of a character.
    const begin = size > maxBytes ? buffer.findIndex((byte) => (byte & 0xc0) !== 0x80) : 0;
    return buffer.toString('utf8', Math.max(begin, 0), bytes);
  } finally {
    closeSync(file);
  }
}
