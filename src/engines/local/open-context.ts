import { createHash } from 'node:crypto';
import type { EngineHost } from '../../ports/engine.ts';
import { probeCgroups } from './cgroup-probe.ts';
import type { LocalConfig } from './config.ts';
import { type ContainerRuntime, probeContainerRuntime } from './container-runtime.ts';
import type { Machine } from './machine.ts';
import { MarkerSweep } from './marker-sweep.ts';
import { MemoryWatch } from './memory-watch.ts';
import type { RunContext } from './run-context.ts';
import { Spawner } from './spawner.ts';
import { StepCgroups } from './step-cgroups.ts';
import { StepProcesses } from './step-processes.ts';

/** Finds out what this machine can do, once. */
export function openContext(
  place: {
    readonly config: LocalConfig;
    readonly machine: Machine;
    readonly stateDir: string;
    readonly workdir?: string;
  },
  host: EngineHost,
): RunContext {
  const { config, machine, stateDir, workdir } = place;
  const coreMark = createHash('sha256').update(stateDir).digest('hex').slice(0, 12);
  const prefix = `konverge-${coreMark}-`;
  const wanted = { tracking: config.processTracking !== 'scan', memory: config.memoryLimit !== 'watch' };
  const cgroups = new StepCgroups(probeCgroups(machine.cgroups, prefix, wanted), prefix);
  const sweep = new MarkerSweep(coreMark);
  let runtime: ContainerRuntime | undefined;
  return {
    config,
    machine,
    host,
    stateDir,
    coreMark,
    ...(workdir === undefined ? {} : { workdir }),
    cores: machine.cores,
    uid: machine.uid,
    cgroups,
    sweep,
    processes: new StepProcesses(sweep, cgroups),
    memoryWatch: new MemoryWatch(cgroups),
    spawner: new Spawner(),
    containers: () => (runtime ??= probeContainerRuntime()),
  };
}
