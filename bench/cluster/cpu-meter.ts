import { mkdirSync, readFileSync, rmdirSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

/** Of one stretch of time. */
export interface CpuSeconds {
  /** Of the whole machine, without what it takes when nobody does anything. Nothing else may run. */
  readonly all: number;
  /** Snakemake, and what it starts on this machine. */
  readonly drivers: number;
  /** In the control groups of pods. */
  readonly pods: number;
  /** The rest: API server, kubelet, container runtime and all the others, and the kernel for them. */
  readonly cluster: number;
}

/** A tick of /proc, as everywhere on Linux (USER_HZ). */
const ticksPerSecond = 100;
/** A core ends a moment after its Snakemake. */
const driverPatienceMs = 30_000;

/** Without a unified hierarchy, and with it. */
const hierarchies = [
  { root: '/sys/fs/cgroup/cpuacct', file: 'cpuacct.usage', seconds: (text: string) => Number(text) / 1e9 },
  {
    root: '/sys/fs/cgroup',
    file: 'cpu.stat',
    seconds: (text: string) => Number(/usage_usec (\d+)/.exec(text)?.[1]) / 1e6,
  },
] as const;

/** Counts the processor time of the testbed and of who drives it: each makes the others work. */
export class CpuMeter implements Disposable {
  private readonly hierarchy: (typeof hierarchies)[number];
  private readonly group: string;
  /** What a second of idleness costs. */
  private idlePerSecond = 0;

  private constructor() {
    const found = hierarchies.find(({ root, file }) => readIf(`${root}/kubepods/${file}`) !== undefined);
    if (!found) throw new Error('the control group of the pods is not found');
    this.hierarchy = found;
    this.group = `${found.root}/konverge-bench-${process.pid}`;
    mkdirSync(this.group);
  }

  /** Looks first for a while at what an idle cluster takes. */
  static async open(idleMs: number): Promise<CpuMeter> {
    const meter = new CpuMeter();
    const idle = await meter.during(() => pause(idleMs));
    meter.idlePerSecond = idle.cpu.all / (idleMs / 1000);
    return meter;
  }

  get idle(): string {
    return `${this.idlePerSecond.toFixed(2)} cpu`;
  }

  /** What stands before the words of a program that is a driver: it and all its descendants are counted. */
  get driver(): readonly string[] {
    return ['sh', '-c', `echo $$ > ${this.group}/cgroup.procs && exec "$@"`, 'sh'];
  }

  async during<T>(work: () => Promise<T>): Promise<{ readonly result: T; readonly cpu: CpuSeconds }> {
    const begin = { ms: performance.now(), busy: busySeconds(), pods: this.pods(), drivers: this.drivers() };
    const result = await work();
    await this.driversAreGone();
    const drivers = this.drivers() - begin.drivers;
    const pods = this.pods() - begin.pods;
    const all = busySeconds() - begin.busy - (this.idlePerSecond * (performance.now() - begin.ms)) / 1000;
    return { result, cpu: { all, drivers, pods, cluster: all - drivers - pods } };
  }

  [Symbol.dispose](): void {
    rmdirSync(this.group);
  }

  private drivers(): number {
    const { file, seconds } = this.hierarchy;
    return seconds(readFileSync(`${this.group}/${file}`, 'utf8'));
  }

  private pods(): number {
    const { root, file, seconds } = this.hierarchy;
    return seconds(readFileSync(`${root}/kubepods/${file}`, 'utf8'));
  }

  private async driversAreGone(): Promise<void> {
    const untilMs = performance.now() + driverPatienceMs;
    while (readFileSync(`${this.group}/cgroup.procs`, 'utf8') !== '') {
      if (performance.now() > untilMs) throw new Error('a process that Snakemake has started does not end');
      await pause(100);
    }
  }
}

function busySeconds(): number {
  const [line = ''] = readFileSync('/proc/stat', 'utf8').split('\n');
  const [user = 0, nice = 0, system = 0, _idle, _wait, irq = 0, softIrq = 0] = line.split(/\s+/).slice(1).map(Number);
  return (user + nice + system + irq + softIrq) / ticksPerSecond;
}

function readIf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    // ESRCH: of a process that has ended meanwhile.
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}
