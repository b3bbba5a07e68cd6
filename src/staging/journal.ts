import { randomBytes } from 'node:crypto';
import { appendFileSync, closeSync, existsSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import type { ObjectLocation } from '../domain/object-location.ts';
import type { OpenUpload } from '../ports/object-store.ts';
import { diskError } from './disk-error.ts';
import { placeOf } from './transfer-plan.ts';

const Location = z.object({ store: z.string(), bucket: z.string(), key: z.string() });
const Line = z.discriminatedUnion('note', [
  z.object({ note: z.literal('attempt'), attempt: z.string() }),
  /** An upload to this key is about to be opened; if no `opened` follows, nobody knows its id. */
  z.object({ note: z.literal('intent'), at: Location, atMs: z.number() }),
  z.object({ note: z.literal('opened'), at: Location, uploadId: z.string() }),
  z.object({ note: z.literal('gone'), at: Location, uploadId: z.string() }),
]);
type Line = z.infer<typeof Line>;

/**
 * Which uploads a step has opened: a file in its notes that only grows. With it an agent that comes after a killed one goes on
 * with what is there, or ends it. It outlives a process, not a machine; what that leaves is garbage to be collected.
 */
export class Journal {
  /** Names the manifest, so that a repeated collect overwrites its own. */
  readonly attempt: string;
  private readonly path: string;
  /** Kept open: a step may note thousands of lines. */
  private readonly file: number;
  private readonly uploads = new Map<string, OpenUpload>();
  private readonly intents = new Map<string, { readonly at: ObjectLocation; readonly atMs: number }>();

  private constructor(path: string, lines: readonly Line[], attempt: string | undefined) {
    this.path = path;
    this.file = openSync(path, 'a', 0o600);
    for (const line of lines) this.apply(line);
    const known = lines.find((line) => line.note === 'attempt');
    this.attempt = known?.attempt ?? attempt ?? randomBytes(6).toString('hex');
    if (known === undefined) this.append({ note: 'attempt', attempt: this.attempt });
  }

  /** `attempt` names a new one. Default: a random name. */
  static open(notes: string, attempt?: string): Journal {
    const path = join(notes, 'uploads.jsonl');
    const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
    // A killed agent, or a full disk, may leave half a line; the next one must not be glued to it.
    if (text !== '' && !text.endsWith('\n')) appendFileSync(path, '\n');
    return new Journal(path, text.split('\n').flatMap(lineOf), attempt);
  }

  opened(): readonly OpenUpload[] {
    return [...this.uploads.values()];
  }

  /** Keys for which an upload may be open whose id was never noted, with the time of the intent. */
  unresolved(): readonly { readonly at: ObjectLocation; readonly atMs: number }[] {
    return [...this.intents.values()];
  }

  intend(at: ObjectLocation, atMs: number): void {
    this.note({ note: 'intent', at, atMs });
  }

  wasOpened({ at, uploadId }: OpenUpload): void {
    this.note({ note: 'opened', at, uploadId });
  }

  isGone({ at, uploadId }: OpenUpload): void {
    this.note({ note: 'gone', at, uploadId });
  }

  resolved(at: ObjectLocation): void {
    this.intents.delete(placeOf(at));
  }

  close(): void {
    closeSync(this.file);
  }

  /** Also closes it. */
  forget(): void {
    this.close();
    rmSync(this.path, { force: true });
  }

  private note(line: Line): void {
    this.append(line);
    this.apply(line);
  }

  private append(line: Line): void {
    try {
      writeSync(this.file, `${JSON.stringify(line)}\n`);
    } catch (cause) {
      throw diskError(this.path, cause);
    }
  }

  private apply(line: Line): void {
    switch (line.note) {
      case 'attempt':
        return;
      case 'intent':
        this.intents.set(placeOf(line.at), line);
        return;
      case 'opened':
        this.intents.delete(placeOf(line.at));
        this.uploads.set(line.uploadId, { at: line.at, uploadId: line.uploadId });
        return;
      case 'gone':
        this.uploads.delete(line.uploadId);
    }
  }
}

function lineOf(text: string): readonly Line[] {
  if (text === '') return [];
  try {
    return [Line.parse(JSON.parse(text))];
  } catch {
    // Half a line: what it was to say had not begun.
    return [];
  }
}
