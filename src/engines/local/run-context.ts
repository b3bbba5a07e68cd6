import type { EngineHost } from '../../ports/engine.ts';
import type { ContainerRuntime } from './container-runtime.ts';
import type { Machine } from './machine.ts';
import type { MarkerSweep } from './marker-sweep.ts';
import type { MemoryWatch } from './memory-watch.ts';
import type { PlanContext } from './process-plan.ts';
import type { Spawner } from './spawner.ts';
import type { StepCgroups } from './step-cgroups.ts';
import type { StepProcesses } from './step-processes.ts';

/** What all steps of one engine share. */
export interface RunContext extends PlanContext {
  readonly machine: Machine;
  readonly host: EngineHost;
  readonly workdir?: string;
  readonly cgroups: StepCgroups;
  readonly sweep: MarkerSweep;
  readonly processes: StepProcesses;
  readonly memoryWatch: MemoryWatch;
  readonly spawner: Spawner;
  /** The container runtime that works here; probed at the first call. */
  readonly containers: () => ContainerRuntime;
}
