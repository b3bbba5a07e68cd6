import { type FSWatcher, readFileSync, watch } from 'node:fs';
import { isAlive } from './process-table.ts';
import type { StatusFile } from './status-file.ts';
import { readStatus, type StepDirectory } from './step-directory.ts';

const pollMs = 1000;

/**
 * A wrapper that a former core has started. It is not our child, so its end shows in the status file, or in that its process
 * is gone: seen by a watch on its directory, and by a slow poll, since a wrapper that is killed writes nothing.
 */
export class AdoptedWrapper {
  private readonly status: StatusFile;
  private readonly directory: StepDirectory;
  private readonly bootId: string;
  private readonly onEnd: () => void;
  private watcher: FSWatcher | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(status: StatusFile, directory: StepDirectory, bootId: string, onEnd: () => void) {
    this.status = status;
    this.directory = directory;
    this.bootId = bootId;
    this.onEnd = onEnd;
  }

  /** Begins to look; if it has ended already, `onEnd` is called in a later tick. */
  follow(): void {
    this.timer = setInterval(() => this.look(), pollMs);
    try {
      this.watcher = watch(this.directory.path, () => this.look());
      this.watcher.on('error', () => this.watcher?.close());
    } catch {
      // Out of inotify instances: the poll remains.
    }
    setImmediate(() => this.look());
  }

  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
    this.watcher?.close();
  }

  /** After a reboot, its process id means nothing. */
  alive(): boolean {
    const { pid, startTicks, note } = this.status;
    return note.bootId === this.bootId && isAlive(pid, startTicks);
  }

  /** How long it has run; 0 where that cannot be told. */
  ageMs(): number {
    if (this.status.note.bootId !== this.bootId) return 0;
    return Math.max(0, uptimeMs() - this.status.begunUptimeMs);
  }

  private look(): void {
    if (this.timer === undefined) return;
    // In this order: a wrapper writes its last line before it goes.
    const alive = this.alive();
    if (alive && readStatus(this.directory)?.end === undefined) return;
    // The last line is there, the process is about to go.
    if (alive) return void setTimeout(() => this.look(), 5);
    this.stop();
    this.onEnd();
  }
}

function uptimeMs(): number {
  return Math.round(Number(readFileSync('/proc/uptime', 'latin1').split(' ')[0]) * 1000);
}
