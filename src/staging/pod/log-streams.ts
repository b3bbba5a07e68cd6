import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { PodJob } from '../../domain/pod-job.ts';
import type { Logger } from '../../ports/logger.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import { isAbsent } from '../disk-error.ts';
import { LinePrinter } from './line-printer.ts';
import { LogPieces } from './log-pieces.ts';
import type { PodNotes } from './pod-notes.ts';

/** What the wrapper writes, in the order in which people look at it after a failure. */
export const streams = ['stderr', 'stdout'] as const;

const printEveryMs = 250;
const sendEveryMs = 1000;
/** After the store has refused a piece. */
const sendAgainMs = 10_000;
const chunkBytes = 256 * 1024;

export interface LogStreamsOptions {
  /** The folder with a file per stream. */
  readonly folder: string;
  readonly job: PodJob;
  /** Absent: the streams are only printed. */
  readonly store: ObjectStore | undefined;
  readonly notes: PodNotes;
  readonly logger: Logger;
  readonly print: (text: Buffer) => void;
}

/** Follows the streams of the step: prints them, and sends them into storage. That this fails is said, but is not the step's error. */
export class LogStreams {
  private readonly options: LogStreamsOptions;
  private readonly over = new AbortController();
  private readonly pieces: readonly LogPieces[];
  private readonly running: readonly Promise<void>[];

  constructor(options: LogStreamsOptions) {
    this.options = options;
    const { folder, job, store, notes } = options;
    this.pieces = streams.flatMap((stream) =>
      store === undefined || job.logs === undefined
        ? []
        : [
            new LogPieces({
              store,
              folder: job.logs,
              stream,
              path: join(folder, stream),
              limitBytes: job.logLimitBytes,
              notes,
            }),
          ],
    );
    this.running = [
      ...streams.map((stream) => this.follow(stream)),
      ...this.pieces.map((pieces) => this.sendOnAndOn(pieces)),
    ];
  }

  /** The commands have ended: what is there yet is printed and sent. Does not reject. */
  async finish(signal: AbortSignal): Promise<void> {
    this.over.abort();
    await Promise.all(this.running);
    await Promise.all(this.pieces.map((pieces) => this.send(pieces, true, signal)));
  }

  private async follow(stream: string): Promise<void> {
    const { folder, print, logger } = this.options;
    const printer = new LinePrinter(stream, print);
    let file: FileHandle | undefined;
    try {
      for (;;) {
        // Asked before the last look, so that nothing written before the end is missed.
        const isLast = this.over.signal.aborted;
        file ??= await openIfThere(join(folder, stream));
        if (file !== undefined) await readOn(file, (chunk) => printer.take(chunk));
        if (isLast) break;
        await this.pause(printEveryMs);
      }
      printer.finish();
    } catch (error) {
      logger.warn({ stream, error: (error as Error).message }, 'a stream of the step cannot be read');
    } finally {
      await file?.close();
    }
  }

  private async sendOnAndOn(pieces: LogPieces): Promise<void> {
    while (!this.over.signal.aborted) {
      const sent = await this.send(pieces, false, this.over.signal);
      await this.pause(sent ? sendEveryMs : sendAgainMs);
    }
  }

  private async send(pieces: LogPieces, all: boolean, signal: AbortSignal): Promise<boolean> {
    try {
      await pieces.send(all, signal);
      return true;
    } catch (error) {
      if (!signal.aborted || all) {
        this.options.logger.warn(
          { error: (error as Error).message },
          'output of the step could not be sent to storage',
        );
      }
      return false;
    }
  }

  private async pause(ms: number): Promise<void> {
    await pause(ms, undefined, { signal: this.over.signal }).catch(() => undefined);
  }
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

/** From where the last reading ended. */
async function readOn(file: FileHandle, take: (chunk: Buffer) => void): Promise<void> {
  const buffer = Buffer.alloc(chunkBytes);
  for (;;) {
    const { bytesRead } = await file.read(buffer, 0, buffer.length, null);
    if (bytesRead === 0) return;
    take(buffer.subarray(0, bytesRead));
  }
}
