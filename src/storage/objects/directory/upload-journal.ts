import { appendFile, readFile, rm, writeFile } from 'node:fs/promises';
import type { UploadedPart } from '../../../domain/manifest.ts';

/**
 * Beside the hidden file of an upload: a line that says for which key it is, and one for each part that is there. What a
 * crash cut off stays a line of its own, and counts as not written.
 */
export const journalSuffix = '.parts';

/** As its lines. */
export type Journal = readonly string[];

export async function beginJournal(hidden: string, key: string): Promise<void> {
  await writeFile(hidden + journalSuffix, JSON.stringify({ key }), { flag: 'wx' });
}

export async function notePart(hidden: string, part: UploadedPart): Promise<void> {
  // The line break first: what a crash cut off stays a line of its own.
  await appendFile(hidden + journalSuffix, `\n${JSON.stringify(part)}`);
}

/** Throws if there is none. */
export async function journalOf(hidden: string): Promise<Journal> {
  return (await readFile(hidden + journalSuffix, 'utf8')).split('\n');
}

/** It may be gone already. */
export async function removeJournal(hidden: string): Promise<void> {
  await rm(hidden + journalSuffix, { force: true });
}

export function keyIn([first = '']: Journal): string | undefined {
  const key = (parsed(first) as { key?: unknown } | undefined)?.key;
  return typeof key === 'string' ? key : undefined;
}

/** By their numbers; of a part that was sent twice the later one. */
export function partsIn([, ...lines]: Journal): readonly UploadedPart[] {
  const parts = new Map<number, UploadedPart>();
  for (const line of lines) {
    const part = parsed(line) as UploadedPart | undefined;
    if (part !== undefined) parts.set(part.number, part);
  }
  return [...parts.values()].toSorted((a, b) => a.number - b.number);
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
