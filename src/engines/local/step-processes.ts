import { setTimeout as pause } from 'node:timers/promises';
import type { StepId } from '../../domain/brand.ts';
import type { MarkerSweep } from './marker-sweep.ts';
import { readProcessTable } from './process-table.ts';
import type { ProcessStat } from './status-file.ts';
import type { StepCgroups, StepGroups } from './step-cgroups.ts';

/** How to find what a step started. */
export interface StepTarget {
  readonly id: StepId;
  /**
   * Process groups that are its own for certain. The id of a group whose leader is gone may be given to a stranger once the
   * group is empty, so a core that did not see the leader end must not list it.
   */
  readonly groups: readonly number[];
  readonly cgroups: StepGroups;
  /** A container lives under its daemon: ended by name. */
  readonly endContainer?: () => Promise<void>;
}

export interface EndingPace {
  /** How long it may go on before SIGTERM. */
  readonly lingerMs: number;
  /** How long it may take between SIGTERM and SIGKILL. */
  readonly graceMs: number;
}

const killRounds = 40;
/** Many steps that are ended at once share one reading of /proc. */
const tableAgeMs = 10;

/** Finds and ends the processes of steps, by control group where there is one, else by process group and marker. */
export class StepProcesses {
  private readonly sweep: MarkerSweep;
  private readonly cgroups: StepCgroups;
  private table: { readonly atMs: number; readonly processes: readonly ProcessStat[] } | undefined;

  constructor(sweep: MarkerSweep, cgroups: StepCgroups) {
    this.sweep = sweep;
    this.cgroups = cgroups;
  }

  /** Without a wait where control groups tell; undefined where only a sweep can. */
  goneAtOnce(target: StepTarget): boolean | undefined {
    if (!target.cgroups.tracked) return undefined;
    return this.cgroups.remove(target.cgroups);
  }

  /**
   * Lets it go on for a while, asks it to end, kills it, and returns when nothing is left: true. False after many rounds of
   * SIGKILL, which only a process in uninterruptible sleep (a dead network file system) outlives. The target is asked for
   * anew each time: a group whose leader has ended is no longer one to signal.
   */
  async end(target: () => StepTarget, { lingerMs, graceMs }: EndingPace): Promise<boolean> {
    if (lingerMs > 0 && (await this.waitUntilGone(target, lingerMs))) return true;
    // Each process is asked once, since a second SIGTERM means "at once" to many programs; but one that was only being
    // started when the others were asked, is asked later.
    const asked = new Set<number>();
    const ask = async (): Promise<void> => {
      for (const pid of await this.processesOf(target())) {
        if (asked.has(pid)) continue;
        asked.add(pid);
        send(pid, 'SIGTERM');
      }
    };
    if (await this.waitUntilGone(target, graceMs, ask)) return true;
    // First, while its monitor still lives to tell the runtime of its end.
    await target().endContainer?.();
    for (let round = 0; round < killRounds; round++) {
      this.cgroups.kill(target().cgroups);
      for (const group of target().groups) send(-group, 'SIGKILL');
      for (const pid of await this.processesOf(target())) send(pid, 'SIGKILL');
      if (await this.waitUntilGone(target, 20 + 10 * round)) return true;
    }
    return false;
  }

  /** Whether nothing of the step is left; its control groups are then removed. */
  private async gone(target: StepTarget): Promise<boolean> {
    if (target.cgroups.tracked) return this.cgroups.remove(target.cgroups);
    if (target.groups.some((group) => this.groupLives(group))) return false;
    if ((await this.sweep.processesOf(target.id)).length > 0) return false;
    // A group with a memory limit only: empty now, as far as the marker tells.
    this.cgroups.remove(target.cgroups);
    return true;
  }

  private async processesOf({ id, groups, cgroups }: StepTarget): Promise<Set<number>> {
    const pids = new Set(this.cgroups.processes(cgroups));
    if (cgroups.tracked) return pids;
    for (const pid of await this.sweep.processesOf(id)) pids.add(pid);
    for (const { pid, group } of this.recentTable()) if (groups.includes(group)) pids.add(pid);
    return pids;
  }

  private async waitUntilGone(
    target: () => StepTarget,
    limitMs: number,
    eachRound?: () => Promise<void>,
  ): Promise<boolean> {
    const untilMs = performance.now() + limitMs;
    for (let waitMs = 2; ; waitMs = Math.min(waitMs * 2, 100)) {
      await eachRound?.();
      if (await this.gone(target())) return true;
      const leftMs = untilMs - performance.now();
      if (leftMs <= 0) return false;
      await pause(Math.min(waitMs, leftMs));
    }
  }

  /** A group with nothing but zombies is dead: in a container, process 1 may never collect them. */
  private groupLives(group: number): boolean {
    try {
      process.kill(-group, 0);
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'EPERM';
    }
    return this.recentTable().some((found) => found.group === group && found.state !== 'Z' && found.state !== 'X');
  }

  private recentTable(): readonly ProcessStat[] {
    const nowMs = performance.now();
    if (this.table === undefined || nowMs - this.table.atMs > tableAgeMs) {
      this.table = { atMs: nowMs, processes: readProcessTable() };
    }
    return this.table.processes;
  }
}

function send(pid: number, signal: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone already, or not ours to end (it changed its user).
  }
}
