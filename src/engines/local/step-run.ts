import type { ChildProcess } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import type { StepId } from '../../domain/brand.ts';
import type { Failure } from '../../domain/failure.ts';
import type { Observation } from '../../domain/observation.ts';
import { AdoptedWrapper } from './adopted-wrapper.ts';
import { shortBytes } from './blockage.ts';
import { removeContainer } from './container-runtime.ts';
import { type Ending, endingFailure, startFailure } from './exit-meaning.ts';
import type { ProcessPlan } from './process-plan.ts';
import type { RunContext } from './run-context.ts';
import { RuntimeLimit } from './runtime-limit.ts';
import { ServiceGroup } from './service-group.ts';
import type { StatusFile, StepNote } from './status-file.ts';
import { noGroups, type StepGroups } from './step-cgroups.ts';
import { readStatus } from './step-directory.ts';
import {
  addedEnvironment,
  cgroupProcs,
  environmentOf,
  noteOf,
  serviceArgv,
  spawnWrapper,
  type StepLaunch,
} from './step-launch.ts';
import { failureOf, type WrapperExit } from './step-outcome.ts';
import type { StepTarget } from './step-processes.ts';
import { UsageSampler, usageOf } from './usage-sampler.ts';

/** What a step tells the engine. */
export interface StepRunEvents {
  observe(observation: Observation): void;
  /** Said once, when no process of the step is left. */
  ended(end: Observation): void;
}

/**
 * One step from its start to its end.
 *
 * starting
 *   Control groups are made and services awaited. Without services this is over in the same tick.
 *
 * running
 *   The wrapper has been started, or adopted from a former core. Left when the wrapper ends, or when somebody ends the step:
 *   a cancellation, its runtime, its memory limit, a dead service.
 *
 * clearing
 *   What is left of the step is given a moment (after success) and then ended. The end is told when nothing is left, so that
 *   whoever hears of it may rely on the outputs.
 *
 * ended
 *   Nothing leaves it.
 */
export class StepRun {
  readonly plan: ProcessPlan;
  private readonly gpus: readonly number[];
  private readonly context: RunContext;
  private readonly events: StepRunEvents;
  private readonly services: ServiceGroup;
  private phase: 'starting' | 'running' | 'clearing' | 'ended' = 'starting';
  private groups: StepGroups = noGroups;
  private child: ChildProcess | undefined;
  private adopted: AdoptedWrapper | undefined;
  /** The wrapper, and so the id of its process group and session. */
  private leader: number | undefined;
  private containers: StepNote['containers'];
  /** What the application is told of its services. */
  private ports: Readonly<Record<string, string>> = {};
  private runtimeLimit: RuntimeLimit | undefined;
  private sampler: UsageSampler | undefined;
  private startedMs: number | undefined;
  private wallMs: number | undefined;
  private ending: Ending | undefined;

  constructor(plan: ProcessPlan, gpus: readonly number[], context: RunContext, events: StepRunEvents) {
    this.plan = plan;
    this.gpus = gpus;
    this.context = context;
    this.events = events;
    this.services = new ServiceGroup((message) => this.end({ kind: 'service', message }));
  }

  get id(): StepId {
    return this.plan.step;
  }

  /** Its directory exists and is empty. Never throws: what goes wrong is told as the step's end. */
  start(): void {
    try {
      for (const { name, content } of this.plan.scripts) writeFileSync(`${this.plan.directory.path}/${name}`, content);
      this.groups = this.context.cgroups.create(this.id, this.plan.limits.memoryBytes);
      this.containers = noteOf(this.launch, this.context).containers;
      if (this.plan.services.length === 0) this.startCommand();
      else void this.startWithServices();
    } catch (error) {
      this.failStart(error);
    }
  }

  /** Goes on with a step that a former core has started, whether it still runs or not. */
  adopt(status: StatusFile): void {
    const { cgroups, tracked, memoryCgroup, containers } = status.note;
    this.groups = { directories: cgroups, tracked, ...(memoryCgroup === undefined ? {} : { memory: memoryCgroup }) };
    this.containers = containers;
    this.services.adopt(this.plan.directory);
    this.adopted = new AdoptedWrapper(status, this.plan.directory, this.context.machine.bootId, () =>
      this.wrapperEnded(undefined),
    );
    this.leader = status.pid;
    this.startedMs = performance.now() - this.adopted.ageMs();
    this.adopted.follow();
    this.watchOver();
  }

  /** Ends the step for a reason of ours; the first reason counts. */
  end(ending: Ending): void {
    if (this.phase === 'ended' || this.ending) return;
    this.ending = ending;
    this.phase = 'clearing';
    void this.clear(0, endingFailure(ending));
  }

  /** Lets it run on, and listens no more. */
  detach(): void {
    this.phase = 'ended';
    this.stopWatching();
    this.child?.unref();
    this.services.unref();
  }

  private get launch(): StepLaunch {
    return { plan: this.plan, groups: this.groups, gpus: this.gpus };
  }

  private get target(): StepTarget {
    const { containers, leader } = this;
    const own = leader !== undefined && (this.adopted?.alive() ?? true) ? [leader] : [];
    return {
      id: this.id,
      groups: [...own, ...this.services.groups],
      cgroups: this.groups,
      ...(containers === undefined
        ? {}
        : {
            endContainer: async () =>
              void (await Promise.all(containers.names.map((name) => removeContainer(containers.runtime, name)))),
          }),
    };
  }

  private async startWithServices(): Promise<void> {
    try {
      const told = await this.services.start(
        {
          plan: this.plan,
          cgroupProcs: cgroupProcs(this.groups),
          environmentOf: (ports) => environmentOf(this.launch, this.context, addedEnvironment(this.launch, ports)),
          argvOf: (replica, ports) =>
            serviceArgv(this.launch, this.context, replica, addedEnvironment(this.launch, ports)),
        },
        (name) => this.observe('starting', `waits for service ${name}`),
      );
      if (told === undefined || this.phase !== 'starting') return;
      this.ports = told;
      this.startCommand();
    } catch (error) {
      this.failStart(error);
    }
  }

  private startCommand(): void {
    this.phase = 'running';
    this.startedMs = performance.now();
    const child = spawnWrapper(this.launch, this.context, this.ports);
    this.child = child;
    child.once('error', (error) => this.failStart(error));
    child.once('exit', (code, signal) => this.wrapperEnded({ code, signal }));
    // Without an id it was not started, and `error` says why.
    if (child.pid === undefined) return;
    this.leader = child.pid;
    this.observe('running', '');
    this.watchOver();
  }

  private watchOver(): void {
    const { runtimeMs, memoryBytes } = this.plan.limits;
    this.phase = 'running';
    if (runtimeMs !== undefined) {
      const elapsedMs = this.startedMs === undefined ? 0 : performance.now() - this.startedMs;
      this.runtimeLimit = new RuntimeLimit(runtimeMs - elapsedMs, () => this.end({ kind: 'timeout', runtimeMs }));
    }
    if (memoryBytes !== undefined) {
      this.context.memoryWatch.add({
        id: this.id,
        limitBytes: memoryBytes,
        groups: this.groups,
        leader: () => this.leader,
        onBreach: (by) => this.end({ kind: 'out-of-memory', limit: shortBytes(memoryBytes), by }),
      });
    }
    if (this.plan.benchmark && this.leader !== undefined) {
      this.sampler = new UsageSampler(this.leader, () => readStatus(this.plan.directory));
    }
  }

  private wrapperEnded(exit: WrapperExit | undefined): void {
    // An adopted one may have ended long before we look; its own record tells.
    if (exit && this.startedMs !== undefined) this.wallMs = Math.round(performance.now() - this.startedMs);
    if (this.phase !== 'running') return;
    const status = readStatus(this.plan.directory);
    if (status?.end === 'refused' && this.groups.directories.length > 0) return this.startAgainWithoutGroups();
    this.phase = 'clearing';
    this.services.stop();
    const { memoryBytes } = this.plan.limits;
    if (memoryBytes !== undefined && this.context.cgroups.oomKills(this.groups) > 0) {
      this.ending = { kind: 'out-of-memory', limit: shortBytes(memoryBytes), by: 'kernel' };
    }
    const failed = this.ending ? endingFailure(this.ending) : failureOf(this.plan, status, exit);
    const { target } = this;
    // The way of nearly every step: its control group is empty, and it is over in this tick.
    if (target.groups.length <= 1 && this.context.processes.goneAtOnce(target) === true)
      return this.finish(status, failed);
    const lingers = failed === undefined && this.plan.services.length === 0;
    void this.clear(lingers ? this.context.config.lingerMs : 0, failed);
  }

  /** The kernel let us make the groups but not join them; nothing of the step has run yet. */
  private startAgainWithoutGroups(): void {
    this.context.host.logger.warn({ step: this.id }, 'cannot join control groups; the step goes on without');
    this.stopWatching();
    this.context.cgroups.remove(this.groups);
    this.groups = noGroups;
    rmSync(this.plan.directory.status, { force: true });
    try {
      this.startCommand();
    } catch (error) {
      this.failStart(error);
    }
  }

  private async clear(lingerMs: number, failed: Failure | undefined): Promise<void> {
    this.services.stop();
    const { processes, config, host } = this.context;
    const gone = await processes.end(() => this.target, { lingerMs, graceMs: config.cancelGraceMs });
    if (!gone) host.logger.warn({ step: this.id }, 'processes of a step cannot be killed');
    this.finish(readStatus(this.plan.directory), this.ending ? endingFailure(this.ending) : failed);
  }

  private failStart(error: unknown): void {
    if (this.phase === 'ended') return;
    this.phase = 'clearing';
    void this.clear(0, startFailure(error, 'it could not be started'));
  }

  private finish(status: StatusFile | undefined, failed: Failure | undefined): void {
    if (this.phase === 'ended') return;
    this.phase = 'ended';
    const peaks = this.stopWatching();
    const base = { step: this.id, atMs: this.context.host.clock.nowMs(), usage: usageOf(status, peaks, this.wallMs) };
    if (failed === undefined) this.events.ended({ ...base, state: 'succeeded' });
    else this.events.ended({ ...base, state: failed.class === 'cancelled' ? 'cancelled' : 'failed', failure: failed });
  }

  private stopWatching(): ReturnType<UsageSampler['stop']> {
    this.runtimeLimit?.stop();
    this.adopted?.stop();
    this.services.stop();
    if (this.plan.limits.memoryBytes !== undefined) this.context.memoryWatch.remove(this.id);
    return this.sampler?.stop() ?? [];
  }

  private observe(state: 'starting' | 'running', reason: string): void {
    this.events.observe({ step: this.id, state, reason, atMs: this.context.host.clock.nowMs() });
  }
}
