import { type FileHandle, open } from 'node:fs/promises';
import type { ObjectLocation } from '../../domain/object-location.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import { areaOf } from '../../ports/staging.ts';
import { isAbsent } from '../disk-error.ts';
import type { LogPosition, PodNotes } from './pod-notes.ts';

const pieceBytes = 1024 * 1024;
/** So long new bytes may wait for more to go with them. */
const pieceAgeMs = 10_000;

export interface LogPiecesOptions {
  readonly store: ObjectStore;
  /** Keys of the pieces are `<folder>/<stream>/000001` and so on. */
  readonly folder: ObjectLocation;
  readonly stream: string;
  /** The file that the wrapper writes. */
  readonly path: string;
  readonly limitBytes: number;
  readonly notes: PodNotes;
}

/**
 * Sends a stream of the step into storage while it grows. The file is read where the last piece ended, so a store that is slow
 * costs no memory, and an agent that comes after a killed one goes on; at worst it puts the last piece once more.
 */
export class LogPieces {
  private readonly options: LogPiecesOptions;
  private position: LogPosition;
  private newSinceMs: number | undefined;

  constructor(options: LogPiecesOptions) {
    this.options = options;
    this.position = options.notes.logPosition(options.stream);
  }

  /** Sends what is due; with `all`, everything that is there. */
  async send(all: boolean, signal: AbortSignal): Promise<void> {
    const file = await openIfThere(this.options.path);
    if (file === undefined) return;
    try {
      await this.sendFrom(file, all, signal);
    } finally {
      await file.close();
    }
  }

  private async sendFrom(file: FileHandle, all: boolean, signal: AbortSignal): Promise<void> {
    const { limitBytes } = this.options;
    while (!this.position.cut) {
      const { size } = await file.stat();
      const available = Math.min(size, limitBytes) - this.position.bytes;
      if (available <= 0) {
        if (size > limitBytes) await this.put(Buffer.from(cutNotice(limitBytes)), 0, true, signal);
        return;
      }
      this.newSinceMs ??= performance.now();
      const isDue = all || available >= pieceBytes || performance.now() - this.newSinceMs >= pieceAgeMs;
      if (!isDue) return;
      const buffer = Buffer.alloc(Math.min(available, pieceBytes));
      const { bytesRead } = await file.read(buffer, 0, buffer.length, this.position.bytes);
      // Somebody has made it shorter meanwhile.
      if (bytesRead === 0) return;
      await this.put(buffer.subarray(0, bytesRead), bytesRead, false, signal);
      this.newSinceMs = undefined;
    }
  }

  private async put(content: Buffer, bytes: number, cut: boolean, signal: AbortSignal): Promise<void> {
    const { store, folder, stream, notes } = this.options;
    const pieces = this.position.pieces + 1;
    await store.put(areaOf(areaOf(folder, stream), String(pieces).padStart(6, '0')), content, signal);
    this.position = { pieces, bytes: this.position.bytes + bytes, cut };
    notes.noteLogPosition(stream, this.position);
  }
}

function cutNotice(limitBytes: number): string {
  return `\nkonverge: only the first ${limitBytes} bytes of this stream are kept\n`;
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}
