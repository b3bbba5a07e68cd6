import { shortBytes } from './blockage.ts';
import type { Ending } from './exit-meaning.ts';
import type { ProcessPlan } from './process-plan.ts';
import type { RunContext } from './run-context.ts';
import { RuntimeLimit } from './runtime-limit.ts';
import type { StepGroups } from './step-cgroups.ts';
import { readStatus } from './step-directory.ts';
import { type Peaks, UsageSampler } from './usage-sampler.ts';

/** What is watched while the commands of a step run: its stated limits, and for a benchmark its usage. */
export class StepWatch {
  private readonly plan: ProcessPlan;
  private readonly context: RunContext;
  private readonly runtimeLimit: RuntimeLimit | undefined;
  private readonly sampler: UsageSampler | undefined;

  /** `ranMs` is how long the step has run already, under a former core. */
  constructor(
    plan: ProcessPlan,
    running: { readonly leader: number; readonly groups: StepGroups; readonly ranMs: number },
    context: RunContext,
    onBreach: (ending: Ending) => void,
  ) {
    this.plan = plan;
    this.context = context;
    const { leader, groups, ranMs } = running;
    const { runtimeMs, memoryBytes } = plan.limits;
    if (runtimeMs !== undefined) {
      this.runtimeLimit = new RuntimeLimit(runtimeMs - ranMs, () => onBreach({ kind: 'timeout', runtimeMs }));
    }
    if (memoryBytes !== undefined) {
      context.memoryWatch.add({
        id: plan.step,
        limitBytes: memoryBytes,
        groups,
        leader,
        onBreach: (by) => onBreach(outOfMemory(memoryBytes, by)),
      });
    }
    if (plan.benchmark) this.sampler = new UsageSampler(leader, () => readStatus(plan.directory));
  }

  /** The peaks of each command, where they were measured. */
  stop(): readonly (Peaks | undefined)[] {
    this.runtimeLimit?.stop();
    if (this.plan.limits.memoryBytes !== undefined) this.context.memoryWatch.remove(this.plan.step);
    return this.sampler?.stop() ?? [];
  }
}

/** Whether the kernel has killed something of the step at its limit: then it counts as failed, whatever its exit code. */
export function memoryBreach(plan: ProcessPlan, groups: StepGroups, { cgroups }: RunContext): Ending | undefined {
  const { memoryBytes } = plan.limits;
  if (memoryBytes === undefined || cgroups.oomKills(groups) === 0) return undefined;
  return outOfMemory(memoryBytes, 'kernel');
}

function outOfMemory(memoryBytes: number, by: 'kernel' | 'watcher'): Ending {
  return { kind: 'out-of-memory', limit: shortBytes(memoryBytes), by };
}
