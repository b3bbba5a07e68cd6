import { lstatSync } from 'node:fs';
import { KonvergeError } from '../domain/error.ts';
import type { CallContext } from './agent-context.ts';
import type { InputNotes } from './input-notes.ts';
import { localPath } from './step-paths.ts';

/**
 * After a command: was an input that shares its bytes with others changed in place? Then its copy is dropped, and later steps
 * get one of their own. If another working directory still has these bytes, nobody can say which of the commands changed
 * them, or which has read them before: the step fails with `object-changed`, and runs again with a private copy.
 */
export function checkInputs(context: CallContext, workdir: string, { links }: InputNotes): void {
  const ownLinks = Map.groupBy(links, ({ inode }) => inode);
  const spoilt: string[] = [];
  for (const input of links) {
    const stats = lstatSync(localPath(workdir, input.path), { bigint: true, throwIfNoEntry: false });
    // Removed, or replaced by another file: the bytes that others have are as they were.
    if (stats === undefined || String(stats.ino) !== input.inode) continue;
    if (String(stats.size) === input.sizeBytes && String(stats.mtimeNs) === input.modifiedNs) continue;
    const entry = lstatSync(input.entry, { bigint: true, throwIfNoEntry: false });
    const cached = entry !== undefined && entry.ino === stats.ino;
    if (cached) context.cache.drop(input.entry, input.at);
    const others = Number(stats.nlink) - (cached ? 1 : 0) - (ownLinks.get(input.inode)?.length ?? 0);
    if (others > 0) spoilt.push(input.path);
  }
  if (spoilt.length > 0) {
    throw new KonvergeError(
      'object-changed',
      `an input was changed in place while other steps used it: ${spoilt.join(', ')}`,
      {
        hint: 'Let the command work on a copy of its input; run again, each step then gets its own.',
      },
    );
  }
}
