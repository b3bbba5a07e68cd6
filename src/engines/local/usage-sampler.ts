import { readFileSync } from 'node:fs';
import type { Usage } from '../../domain/step.ts';
import { pageBytes } from './memory-watch.ts';
import { readProcessTable, treeOf } from './process-table.ts';
import type { StatusFile } from './status-file.ts';

/** The figures that only looking tells; times come from the status file. */
export type Peaks = Omit<Usage, 'wallMs' | 'cpuMs'>;

interface Account {
  peaks: { rss: number; vms: number; uss: number; pss: number };
  readonly io: Map<number, { readonly read: number; readonly write: number }>;
}

const firstIntervalMs = 50;
const lastIntervalMs = 1000;

/**
 * Measures a benchmarked step's processes at rising intervals, one account per command. A command that is over before the
 * first look has no figures but its times.
 */
export class UsageSampler {
  private readonly accounts: Account[] = [];
  private timer: NodeJS.Timeout | undefined;
  private intervalMs = firstIntervalMs;
  private readonly leader: number;
  private readonly status: () => StatusFile | undefined;

  constructor(leader: number, status: () => StatusFile | undefined) {
    this.leader = leader;
    this.status = status;
    this.schedule();
  }

  /** Ends the sampling; the peaks of each command, in order, where there are any. */
  stop(): readonly (Peaks | undefined)[] {
    clearTimeout(this.timer);
    return Array.from(this.accounts, (account) => (account === undefined ? undefined : peaksOf(account)));
  }

  private schedule(): void {
    this.timer = setTimeout(() => {
      this.look();
      this.intervalMs = Math.min(this.intervalMs * 1.5, lastIntervalMs);
      this.schedule();
    }, this.intervalMs);
  }

  private look(): void {
    const status = this.status();
    if (status === undefined || status.end !== undefined) return;
    const command = status.commands.length;
    if (this.accounts[command] === undefined) this.intervalMs = firstIntervalMs;
    // The wrapper itself is not part of what the author measures.
    const members = treeOf(this.leader, readProcessTable()).filter(({ pid }) => pid !== this.leader);
    if (members.length === 0) return;
    const account = (this.accounts[command] ??= { peaks: { rss: 0, vms: 0, uss: 0, pss: 0 }, io: new Map() });
    const now = { rss: 0, vms: 0, uss: 0, pss: 0 };
    for (const { pid, rssPages, vmsBytes } of members) {
      const { pss, uss } = parseRollup(read(`/proc/${pid}/smaps_rollup`));
      now.rss += rssPages * pageBytes();
      now.vms += vmsBytes;
      now.pss += pss;
      now.uss += uss;
      const io = parseIo(read(`/proc/${pid}/io`));
      if (io) account.io.set(pid, io);
    }
    for (const figure of ['rss', 'vms', 'uss', 'pss'] as const) {
      account.peaks[figure] = Math.max(account.peaks[figure], now[figure]);
    }
  }
}

function peaksOf({ peaks, io }: Account): Peaks {
  let ioReadBytes = 0;
  let ioWriteBytes = 0;
  for (const { read: readBytes, write } of io.values()) {
    ioReadBytes += readBytes;
    ioWriteBytes += write;
  }
  return {
    maxRssBytes: peaks.rss,
    maxVmsBytes: peaks.vms,
    ...(peaks.pss > 0 ? { maxUssBytes: peaks.uss, maxPssBytes: peaks.pss } : {}),
    ...(io.size > 0 ? { ioReadBytes, ioWriteBytes } : {}),
  };
}

/** Proportional and unique set sizes in bytes: smaps_rollup(5) gives kB. */
export function parseRollup(text: string): { readonly pss: number; readonly uss: number } {
  const bytes = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1] ?? 0) * 1024;
  return { pss: bytes('Pss'), uss: bytes('Private_Clean') + bytes('Private_Dirty') };
}

/** Bytes that really came from and went to storage. */
export function parseIo(text: string): { readonly read: number; readonly write: number } | undefined {
  const readBytes = /^read_bytes: (\d+)$/m.exec(text)?.[1];
  const writeBytes = /^write_bytes: (\d+)$/m.exec(text)?.[1];
  return readBytes === undefined || writeBytes === undefined
    ? undefined
    : { read: Number(readBytes), write: Number(writeBytes) };
}

/** What each command used: times from the wrapper's own record, peaks from the sampler. */
export function usageOf(
  status: StatusFile | undefined,
  peaks: readonly (Peaks | undefined)[],
  measuredWallMs: number | undefined,
): Usage[] {
  if (status === undefined) return measuredWallMs === undefined ? [] : [{ wallMs: measuredWallMs }];
  let beganMs = status.begunUptimeMs;
  const usage = status.commands.map(({ endUptimeMs, cpuMs }, index): Usage => {
    // /proc/uptime counts hundredths; for one command our own clock is finer.
    const wallMs =
      status.commands.length === 1 && measuredWallMs !== undefined ? measuredWallMs : endUptimeMs - beganMs;
    beganMs = endUptimeMs;
    return { wallMs, cpuMs, ...peaks[index] };
  });
  if (usage.length === 0 && measuredWallMs !== undefined) return [{ wallMs: measuredWallMs, ...peaks[0] }];
  return usage;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
