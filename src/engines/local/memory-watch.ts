import { execFileSync } from 'node:child_process';
import type { StepId } from '../../domain/brand.ts';
import { readProcessTable, treeOf } from './process-table.ts';
import type { ProcessStat } from './status-file.ts';
import type { StepCgroups, StepGroups } from './step-cgroups.ts';

const intervalMs = 250;

/** A running step with a memory limit. */
export interface LimitedStep {
  readonly id: StepId;
  readonly limitBytes: number;
  readonly groups: StepGroups;
  /** The wrapper, whose tree is measured where no control group has the limit. */
  readonly leader: number;
  onBreach(by: 'kernel' | 'watcher'): void;
}

/**
 * Looks after steps with a stated memory limit, four times a second and only while there are any. Where the kernel has the
 * limit, it kills one process, and the rest of the step may wait for that one for ever: so the first kill ends the step.
 * Elsewhere the resident memory of the step's processes is summed up, and a step that grows fast is caught late.
 */
export class MemoryWatch {
  private readonly cgroups: StepCgroups;
  private readonly steps = new Map<StepId, LimitedStep>();
  private timer: NodeJS.Timeout | undefined;

  constructor(cgroups: StepCgroups) {
    this.cgroups = cgroups;
  }

  add(step: LimitedStep): void {
    this.steps.set(step.id, step);
    this.timer ??= setInterval(() => this.look(), intervalMs);
  }

  remove(id: StepId): void {
    this.steps.delete(id);
    if (this.steps.size === 0) this.close();
  }

  close(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private look(): void {
    // One reading of /proc serves all watched steps of this round.
    let table: readonly ProcessStat[] | undefined;
    for (const step of this.steps.values()) {
      if (step.groups.memory !== undefined) {
        if (this.cgroups.oomKills(step.groups) > 0) step.onBreach('kernel');
        continue;
      }
      table ??= readProcessTable();
      if (residentBytes(step.leader, table, this.cgroups.processes(step.groups)) > step.limitBytes)
        step.onBreach('watcher');
    }
  }
}

function residentBytes(leader: number, table: readonly ProcessStat[], inGroup: readonly number[]): number {
  const members = new Set([...treeOf(leader, table).map(({ pid }) => pid), ...inGroup]);
  let pages = 0;
  for (const { pid, rssPages } of table) if (members.has(pid)) pages += rssPages;
  return pages * pageBytes();
}

let knownPageBytes: number | undefined;

/** 4096 on x86-64; arm64 has machines with 16 and 64 KiB, and only libc knows. */
export function pageBytes(): number {
  if (knownPageBytes !== undefined) return knownPageBytes;
  try {
    knownPageBytes = Number(execFileSync('getconf', ['PAGESIZE'], { encoding: 'utf8' })) || 4096;
  } catch {
    knownPageBytes = 4096;
  }
  return knownPageBytes;
}
