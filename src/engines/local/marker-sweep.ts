import { readFileSync } from 'node:fs';
import type { StepId } from '../../domain/brand.ts';
import { processIds, readProcess } from './process-table.ts';

/** Each process of a step inherits these two variables; the second tells two state directories of one machine apart. */
export const stepMarker = 'KONVERGE_STEP_ID';
export const coreMarker = 'KONVERGE_CORE';

const kernelThreadFlag = 0x00200000;
/** After a pause, process ids may have come round: what we knew of them is worth nothing. */
const trustMs = 2000;

/**
 * Finds the processes of steps by their environment. A process that wipes its environment is not found: the stated limit
 * where no control group can be had (design.md 12.8).
 *
 * One sweep serves every step that asked since the last one, and sweeps take at most a fifth of the time. Processes known
 * to be foreign are not read again.
 */
export class MarkerSweep {
  private readonly coreEntry: string;
  private foreign = new Set<number>();
  private lastEndMs = Number.NEGATIVE_INFINITY;
  private lastCostMs = 0;
  private asked = new Map<StepId, ((pids: readonly number[]) => void)[]>();

  constructor(coreMark: string) {
    this.coreEntry = `\0${coreMarker}=${coreMark}\0`;
  }

  /** The processes of one step, from a sweep that begins after this call. */
  processesOf(id: StepId): Promise<readonly number[]> {
    return new Promise((resolve) => {
      const others = this.asked.get(id);
      if (others) {
        others.push(resolve);
        return;
      }
      this.asked.set(id, [resolve]);
      if (this.asked.size === 1) this.schedule();
    });
  }

  /** All processes of this state directory's steps, now. */
  sweep(): Map<StepId, number[]> {
    const begunMs = performance.now();
    if (begunMs - this.lastEndMs > trustMs) this.foreign.clear();
    const foreign = new Set<number>();
    const found = new Map<StepId, number[]>();
    for (const pid of processIds()) {
      if (this.foreign.has(pid)) {
        foreign.add(pid);
        continue;
      }
      const verdict = this.look(pid);
      if (verdict === 'foreign') foreign.add(pid);
      if (verdict === 'foreign' || verdict === 'unclear') continue;
      const pids = found.get(verdict.step);
      if (pids) pids.push(pid);
      else found.set(verdict.step, [pid]);
    }
    this.foreign = foreign;
    this.lastEndMs = performance.now();
    this.lastCostMs = this.lastEndMs - begunMs;
    return found;
  }

  private schedule(): void {
    const restMs = this.lastEndMs + 4 * this.lastCostMs - performance.now();
    const run = (): void => {
      const { asked } = this;
      this.asked = new Map();
      const found = this.sweep();
      for (const [id, resolvers] of asked) for (const resolve of resolvers) resolve(found.get(id) ?? []);
    };
    if (restMs > 0) setTimeout(run, restMs);
    else setImmediate(run);
  }

  private look(pid: number): { readonly step: StepId } | 'foreign' | 'unclear' {
    // In the middle of an exec the environment is empty for an instant.
    for (let tries = 0; tries < 5; tries++) {
      const verdict = this.lookOnce(pid);
      if (verdict !== 'again') return verdict;
    }
    return 'unclear';
  }

  private lookOnce(pid: number): { readonly step: StepId } | 'foreign' | 'unclear' | 'again' {
    let environment: string;
    try {
      environment = `\0${readFileSync(`/proc/${pid}/environ`, 'latin1')}`;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'EACCES' ? 'foreign' : 'unclear';
    }
    if (environment === '\0') {
      const { flags = 0, state = 'X' } = readProcess(pid) ?? {};
      if ((flags & kernelThreadFlag) !== 0) return 'foreign';
      return state === 'Z' || state === 'X' ? 'unclear' : 'again';
    }
    if (!environment.includes(this.coreEntry)) return 'foreign';
    const start = environment.indexOf(`\0${stepMarker}=`);
    if (start < 0) return 'foreign';
    const from = start + stepMarker.length + 2;
    return { step: environment.slice(from, environment.indexOf('\0', from)) as StepId };
  }
}
