import { closeSync, constants, openSync, readFileSync, watch, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type PodEnd, parsePodEnd, stagedWords } from '../../domain/pod-handshake.ts';
import { markNames } from '../../domain/pod-layout.ts';
import { isAbsent } from '../disk-error.ts';

/** Where a node has no inotify watch left, or an event is lost. */
const lookEveryMs = 1000;

/**
 * The agent's side of what it and the wrapper tell each other. The FIFOs are open for reading and writing as long as the agent
 * lives: so nobody blocks, and what is written waits in them until the wrapper reads it. What a killed agent has written and
 * the wrapper has not read is gone, so the next one writes it again; what is read once is not read twice.
 */
export class Marks implements Disposable {
  private readonly folder: string;
  private readonly staged: number;
  private readonly report: number;

  constructor(folder: string) {
    this.folder = folder;
    this.staged = openFifo(join(folder, markNames.staged));
    this.report = openFifo(join(folder, markNames.report));
  }

  /** The commands may begin, or the step is over without them. */
  tellStaged(word: keyof typeof stagedWords): void {
    writeSync(this.staged, `${stagedWords[word]}\n`);
  }

  /** The last word. */
  tellReport(line: string): void {
    writeSync(this.report, `${line}\n`);
  }

  /** Waits until the commands have ended. */
  async ended(signal: AbortSignal): Promise<PodEnd> {
    let wake = (): void => undefined;
    using _watcher = watchFolder(this.folder, () => wake());
    for (;;) {
      const changed = new Promise<void>((resolve) => {
        wake = resolve;
      });
      const end = this.readEnd();
      if (end !== undefined) return end;
      signal.throwIfAborted();
      const over = new AbortController();
      const looked = pause(lookEveryMs, undefined, { signal: AbortSignal.any([signal, over.signal]) });
      await Promise.race([changed, looked.catch(() => undefined)]);
      over.abort();
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.staged);
    closeSync(this.report);
  }

  private readEnd(): PodEnd | undefined {
    try {
      return parsePodEnd(readFileSync(join(this.folder, markNames.ended), 'utf8'));
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw error;
    }
  }
}

function openFifo(path: string): number {
  return openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
}

function watchFolder(folder: string, changed: () => void): Disposable {
  try {
    const watcher = watch(folder, changed);
    // Then it is looked at from time to time only.
    watcher.on('error', () => watcher.close());
    return { [Symbol.dispose]: () => watcher.close() };
  } catch {
    return { [Symbol.dispose]: () => undefined };
  }
}
