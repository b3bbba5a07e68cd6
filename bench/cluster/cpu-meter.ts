import { mkdirSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { livingDaemons } from '../../test/testbed/owner.ts';
import { readLiving } from '../../test/testbed/process-record.ts';
import { testbedPlace } from './testbed.ts';

/** Of one stretch of time. */
export interface CpuSeconds {
  /** Drivers, daemons and pods. */
  readonly all: number;
  /** Snakemake, and what it starts on this machine. */
  readonly drivers: number;
  /** API server, kubelet, container runtime and all the others, without what they take when nobody does anything. */
  readonly daemons: number;
  readonly pods: number;
  /** Of the whole machine, without what it takes when nobody does anything: what else ran can be seen by it. */
  readonly machine: number;
}

/** A tick of /proc, as everywhere on Linux (USER_HZ). */
const ticksPerSecond = 100;
/** The process of a pod that the container runtime leaves behind it, as /proc shortens its name. */
const shim = 'containerd-shim';
/** Shims come and go with pods; what one took after it was last looked at is lost. */
const periodMs = 500;
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
  /** A second of idleness costs so much. */
  private idlePerSecond = { daemons: 0, machine: 0 };

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
    const perSecond = (seconds: number): number => seconds / (idleMs / 1000);
    meter.idlePerSecond = { daemons: perSecond(idle.cpu.daemons), machine: perSecond(idle.cpu.machine) };
    return meter;
  }

  get idle(): string {
    const { daemons, machine } = this.idlePerSecond;
    return `${daemons.toFixed(2)} cpu by the testbed, ${machine.toFixed(2)} by the whole machine`;
  }

  /** What stands before the words of a program that is a driver: it and all its descendants are counted. */
  get driver(): readonly string[] {
    return ['sh', '-c', `echo $$ > ${this.group}/cgroup.procs && exec "$@"`, 'sh'];
  }

  async during<T>(work: () => Promise<T>): Promise<{ readonly result: T; readonly cpu: CpuSeconds }> {
    const daemons = new ProcessTimes();
    const timer = setInterval(() => daemons.look(), periodMs);
    const begin = { ms: performance.now(), busy: busySeconds(), pods: this.pods(), drivers: this.drivers() };
    try {
      const result = await work();
      await this.driversAreGone();
      const seconds = (performance.now() - begin.ms) / 1000;
      const parts = {
        drivers: this.drivers() - begin.drivers,
        daemons: daemons.look() - this.idlePerSecond.daemons * seconds,
        pods: this.pods() - begin.pods,
      };
      const machine = busySeconds() - begin.busy - this.idlePerSecond.machine * seconds;
      return { result, cpu: { ...parts, all: parts.drivers + parts.daemons + parts.pods, machine } };
    } finally {
      clearInterval(timer);
    }
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

/** What the daemons of the testbed and the shims of pods have taken since it was made; they may come and go meanwhile. */
class ProcessTimes {
  /** By pid and start, since pids are used again. */
  private readonly first = new Map<string, number>();
  private readonly last = new Map<string, number>();
  private readonly isFirst: boolean = true;

  constructor() {
    this.look();
    this.isFirst = false;
  }

  /** Seconds until now. */
  look(): number {
    const daemons = new Set(
      livingDaemons(testbedPlace.daemons).map((name) => readLiving(testbedPlace.daemons, name)?.pid),
    );
    for (const entry of readdirSync('/proc')) {
      const stat = /^\d+$/.test(entry) ? readIf(`/proc/${entry}/stat`) : undefined;
      if (stat === undefined || !(daemons.has(Number(entry)) || stat.includes(`(${shim}`))) continue;
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      // utime, stime, and those of children that have ended: fields 14 to 17, of which the state is the third.
      const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
      const key = `${entry} ${fields[19]}`;
      if (!this.first.has(key)) this.first.set(key, this.isFirst ? ticks : 0);
      this.last.set(key, ticks);
    }
    const taken = [...this.last].map(([key, ticks]) => ticks - (this.first.get(key) ?? 0));
    return taken.reduce((sum, ticks) => sum + ticks, 0) / ticksPerSecond;
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
