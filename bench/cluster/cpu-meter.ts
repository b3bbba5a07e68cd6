import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

/** Of one stretch of time. */
export interface CpuSeconds {
  /** Of the whole machine, without what it takes when nobody does anything. */
  readonly machine: number;
  /** Of that, in pods. */
  readonly pods: number;
}

/** A tick of /proc/stat, as everywhere on Linux (USER_HZ). */
const ticksPerSecond = 100;

/** The controllers of the node, with and without a unified hierarchy. */
const podUsageFiles = [
  { path: '/sys/fs/cgroup/cpuacct/kubepods/cpuacct.usage', read: (text: string) => Number(text) / 1e9 },
  {
    path: '/sys/fs/cgroup/kubepods/cpu.stat',
    read: (text: string) => Number(/usage_usec (\d+)/.exec(text)?.[1]) / 1e6,
  },
] as const;

/**
 * Counts all processors of this machine: driver, core, API server, kubelet, container runtime and pods alike, since each side
 * makes the others work. What the idle cluster takes is measured first and taken off.
 */
export class CpuMeter {
  private readonly idlePerSecond: number;

  private constructor(idlePerSecond: number) {
    this.idlePerSecond = idlePerSecond;
  }

  static async open(idleMs: number): Promise<CpuMeter> {
    const begin = { ms: performance.now(), busy: busySeconds() };
    await pause(idleMs);
    const seconds = (performance.now() - begin.ms) / 1000;
    return new CpuMeter((busySeconds() - begin.busy) / seconds);
  }

  get idle(): number {
    return this.idlePerSecond;
  }

  async during<T>(work: () => Promise<T>): Promise<{ readonly result: T; readonly cpu: CpuSeconds }> {
    const begin = { ms: performance.now(), busy: busySeconds(), pods: podSeconds() };
    const result = await work();
    const seconds = (performance.now() - begin.ms) / 1000;
    const machine = busySeconds() - begin.busy - this.idlePerSecond * seconds;
    return { result, cpu: { machine, pods: podSeconds() - begin.pods } };
  }
}

function busySeconds(): number {
  const [line = ''] = readFileSync('/proc/stat', 'utf8').split('\n');
  const [user = 0, nice = 0, system = 0, _idle, _wait, irq = 0, softIrq = 0] = line.split(/\s+/).slice(1).map(Number);
  return (user + nice + system + irq + softIrq) / ticksPerSecond;
}

function podSeconds(): number {
  for (const { path, read } of podUsageFiles) {
    try {
      return read(readFileSync(path, 'utf8'));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  throw new Error('the control group of the pods is not found');
}
