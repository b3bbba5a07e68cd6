import { type FSWatcher, watch } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { LogOptions } from '../../ports/engine.ts';

const chunkBytes = 64 * 1024;

/**
 * The bytes of a log file, with `follow` until its step has ended. Woken by the kernel (inotify) and by the step's start and
 * end, so that a quiet log costs nothing. `nextChange` is undefined once the step is not in flight.
 */
export async function* readLog(
  path: string,
  options: LogOptions,
  nextChange: () => Promise<void> | undefined,
): AsyncGenerator<Uint8Array> {
  const { follow, signal } = options;
  const tail = new LogTail(path, options.offset ?? 0);
  const wake = new WakeUp();
  const onAbort = (): void => wake.now();
  signal?.addEventListener('abort', onAbort);
  try {
    for (;;) {
      // Asked before the file is read: an end after it is seen at the next round, and one before it has all bytes written.
      const change = nextChange();
      wake.reset();
      for (;;) {
        const chunk = await tail.read();
        if (signal?.aborted || chunk === undefined) break;
        yield chunk;
      }
      if (!follow || signal?.aborted || change === undefined) return;
      tail.watch(() => wake.now());
      void change.then(() => wake.now());
      await wake.wait();
    }
  } finally {
    signal?.removeEventListener('abort', onAbort);
    await tail.close();
  }
}

/** A flag that one can wait for; set while nobody waits, it is not lost. */
class WakeUp {
  private set = false;
  private waiter: (() => void) | undefined;

  now(): void {
    this.set = true;
    this.waiter?.();
  }

  reset(): void {
    this.set = false;
  }

  wait(): Promise<void> {
    return new Promise((resolve) => {
      if (this.set) resolve();
      else this.waiter = resolve;
    });
  }
}

/** A file that may not be there yet, read from an offset on. */
class LogTail {
  private readonly path: string;
  private offset: number;
  private handle: FileHandle | undefined;
  private watcher: FSWatcher | undefined;

  constructor(path: string, offset: number) {
    this.path = path;
    this.offset = offset;
  }

  async read(): Promise<Uint8Array | undefined> {
    try {
      this.handle ??= await open(this.path, 'r');
    } catch {
      return undefined;
    }
    const buffer = Buffer.allocUnsafe(chunkBytes);
    const { bytesRead } = await this.handle.read(buffer, 0, chunkBytes, this.offset);
    this.offset += bytesRead;
    return bytesRead > 0 ? buffer.subarray(0, bytesRead) : undefined;
  }

  watch(onChange: () => void): void {
    if (this.watcher || !this.handle) return;
    this.watcher = watch(this.path, { persistent: false }, onChange);
    this.watcher.on('error', () => undefined);
    // What was written between the last read and the watch.
    onChange();
  }

  async close(): Promise<void> {
    this.watcher?.close();
    await this.handle?.close();
  }
}
