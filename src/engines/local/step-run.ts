import { rmSync, writeFileSync } from 'node:fs';
import type { StepId } from '../../domain/brand.ts';
import { KonvergeError } from '../../domain/error.ts';
import { type Failure, storageFailure } from '../../domain/failure.ts';
import type { Observation } from '../../domain/observation.ts';
import type { Usage } from '../../domain/step.ts';
import { AdoptedWrapper } from './adopted-wrapper.ts';
import { removeContainers } from './container-runtime.ts';
import { type Ending, endingFailure, startFailure } from './exit-meaning.ts';
import type { ProcessPlan } from './process-plan.ts';
import { traceOf } from './recovery.ts';
import type { RunContext } from './run-context.ts';
import { ServiceGroup } from './service-group.ts';
import type { StatusFile, StepNote } from './status-file.ts';
import { noGroups, type StepGroups } from './step-cgroups.ts';
import { discard, makeStepDirectory, readStatus } from './step-directory.ts';
import { StepFiles } from './step-files.ts';
import {
  addedEnvironment,
  cgroupProcs,
  environmentOf,
  noteOf,
  type StepLaunch,
  serviceArgv,
  wrapperRequest,
} from './step-launch.ts';
import { failureOf, type WrapperExit } from './step-outcome.ts';
import type { StepTarget } from './step-processes.ts';
import { memoryBreach, StepWatch } from './step-watch.ts';
import { usageOf } from './usage-sampler.ts';

/** How often a step is started again when the process that starts steps is killed. */
const maxLosses = 3;

/** What a step tells the engine. */
export interface StepRunEvents {
  observe(observation: Observation): void;
  /** Said once, when no process of the step is left and, where they are staged, its outputs are uploaded. */
  ended(end: Observation): void;
}

/**
 * One step from its start to its end.
 *
 * starting
 *   Control groups are made, inputs staged and services awaited. Without any of them this is over in the same tick.
 *
 * running
 *   The wrapper has been started, or adopted from a former core. Left when the wrapper ends, or when somebody ends the step:
 *   a cancellation, its runtime, its memory limit, a dead service.
 *
 * clearing
 *   What is left of the step is given a moment (after success) and then ended. The end is told when nothing is left, so that
 *   whoever hears of it may rely on the outputs.
 *
 * collecting
 *   The agent uploads what a staged step has made (after a failure: its logs). A cancellation aborts that.
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
  private readonly files: StepFiles;
  private phase: 'starting' | 'running' | 'clearing' | 'collecting' | 'ended' = 'starting';
  private groups: StepGroups = noGroups;
  /** Settled when the wrapper has been started or cannot be: before that, nobody can say that nothing of it is left. */
  private starting: Promise<void> | undefined;
  private adopted: AdoptedWrapper | undefined;
  /** The wrapper, and so the id of its process group and session. */
  private leader: number | undefined;
  private containers: StepNote['containers'];
  /** What the application is told of its services. */
  private ports: Readonly<Record<string, string>> = {};
  private watch: StepWatch | undefined;
  private startedMs: number | undefined;
  private wallMs: number | undefined;
  private ending: Ending | undefined;
  private losses = 0;

  constructor(plan: ProcessPlan, gpus: readonly number[], context: RunContext, events: StepRunEvents) {
    this.plan = plan;
    this.gpus = gpus;
    this.context = context;
    this.events = events;
    this.services = new ServiceGroup((message) => this.end({ kind: 'service', message }));
    this.files = new StepFiles(plan.staging, context.host.staging);
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
      if (this.plan.services.length === 0 && !this.plan.staging) this.startCommand();
      else void this.prepareAndStart();
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
    this.leader = status.pid;
    this.phase = 'running';
    this.follow(status);
    this.startedMs = performance.now() - (this.adopted?.ageMs() ?? 0);
    this.watchOver(status.pid);
  }

  /** Ends the step for a reason of ours; the first reason counts. */
  end(ending: Ending): void {
    if (this.phase === 'ended' || this.ending) return;
    this.ending = ending;
    this.files.abort();
    // What ends it then is the end of the upload.
    if (this.phase === 'collecting') return;
    this.phase = 'clearing';
    void this.clear(0, endingFailure(ending));
  }

  /** Lets it run on, and listens no more. */
  detach(): void {
    this.phase = 'ended';
    this.files.abort();
    this.stopWatching();
    this.services.unref();
  }

  private get launch(): StepLaunch {
    return { plan: this.plan, groups: this.groups, gpus: this.gpus };
  }

  /** A wrapper that is not our child is signalled by its group only while it lives. */
  private get target(): StepTarget {
    const { containers, leader } = this;
    const own = leader !== undefined && (this.adopted?.alive() ?? true) ? [leader] : [];
    const groups = [...own, ...this.services.groups];
    const endContainer = containers && (() => removeContainers(containers.runtime, containers.names));
    return { id: this.id, groups, cgroups: this.groups, ...(endContainer ? { endContainer } : {}) };
  }

  private async prepareAndStart(): Promise<void> {
    try {
      if (this.plan.staging) {
        this.observe('starting', 'its inputs are fetched');
        await this.files.stage();
        if (this.phase !== 'starting') return;
      }
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
      if (this.phase === 'starting') this.failStart(error);
    }
  }

  private startCommand(): void {
    this.phase = 'running';
    const request = wrapperRequest(this.launch, this.context, this.ports);
    const start = Promise.withResolvers<void>();
    this.starting = start.promise;
    this.context.spawner.start(request, {
      started: (pid) => {
        this.leader = pid;
        this.startedMs = performance.now();
        start.resolve();
        // Somebody may have ended it meanwhile.
        if (this.phase !== 'running') return;
        this.observe('running', '');
        this.watchOver(pid);
      },
      failed: (error) => {
        start.resolve();
        this.failStart(error);
      },
      ended: (exit) => this.wrapperEnded(exit),
      lost: () => void this.followWithoutSpawner().finally(start.resolve),
    });
  }

  /** The process that started the wrapper is gone, and the wrapper is now as one that a former core has started. */
  private async followWithoutSpawner(): Promise<void> {
    if (this.phase === 'ended') return;
    const trace = await traceOf(this.plan.directory);
    if (trace.kind === 'never-begun') return this.startAfterLoss();
    this.leader = trace.status.pid;
    this.follow(trace.status);
    if (this.startedMs !== undefined || this.phase !== 'running') return;
    this.observe('running', '');
    this.watchOver(trace.status.pid);
  }

  /** It has not begun and never will, so it may be started again; in a new directory, where nothing keeps it from it. */
  private startAfterLoss(): void {
    const { plan } = this;
    // Its services keep their files in the directory, and know nothing of a second application.
    if (this.phase !== 'running' || plan.services.length > 0 || this.losses++ >= maxLosses) {
      return this.failStart(new Error('the process that starts steps was killed'));
    }
    try {
      discard(plan.directory);
      makeStepDirectory(plan.directory);
      this.start();
    } catch (error) {
      this.failStart(error);
    }
  }

  private follow(status: StatusFile): void {
    this.adopted = new AdoptedWrapper(status, this.plan.directory, this.context.machine.bootId, () =>
      this.wrapperEnded(undefined),
    );
    this.adopted.follow();
  }

  private watchOver(leader: number): void {
    const ranMs = this.startedMs === undefined ? 0 : performance.now() - this.startedMs;
    const running = { leader, groups: this.groups, ranMs };
    this.watch = new StepWatch(this.plan, running, this.context, (ending) => this.end(ending));
  }

  private wrapperEnded(exit: WrapperExit | undefined): void {
    // An adopted one may have ended long before we look; its own record tells.
    if (exit && this.startedMs !== undefined) this.wallMs = Math.round(performance.now() - this.startedMs);
    if (this.phase !== 'running') return;
    const status = readStatus(this.plan.directory);
    if (status?.end === 'refused' && this.groups.directories.length > 0) return this.startAgainWithoutGroups();
    this.phase = 'clearing';
    this.services.stop();
    this.ending = memoryBreach(this.plan, this.groups, this.context);
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
    this.watch?.stop();
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
    await this.starting;
    await this.files.settled();
    const { processes, config, host } = this.context;
    const gone = await processes.end(() => this.target, { lingerMs, graceMs: config.cancelGraceMs });
    if (!gone) host.logger.warn({ step: this.id }, 'processes of a step cannot be killed');
    this.finish(readStatus(this.plan.directory), this.ending ? endingFailure(this.ending) : failed);
  }

  private failStart(error: unknown): void {
    if (this.phase === 'ended') return;
    this.phase = 'clearing';
    const failed =
      error instanceof KonvergeError ? storageFailure(error) : startFailure(error, 'it could not be started');
    void this.clear(0, failed);
  }

  private finish(status: StatusFile | undefined, failed: Failure | undefined): void {
    if (this.phase === 'ended' || this.phase === 'collecting') return;
    const usage = usageOf(status, this.stopWatching(), this.wallMs);
    if (!this.plan.staging) return this.tell(usage, failed);
    this.phase = 'collecting';
    void this.collect(usage, failed);
  }

  private async collect(usage: readonly Usage[], failed: Failure | undefined): Promise<void> {
    if (!failed) this.events.observe({ ...this.now(), state: 'committing', reason: 'its outputs are uploaded' });
    const collected = await this.files.collect(usage, failed);
    // The core has ended meanwhile; the next one collects anew.
    if (this.phase === 'ended') return;
    this.files.forget();
    if (collected.manifest && !this.ending) {
      this.phase = 'ended';
      this.events.ended({ ...this.now(), state: 'uploaded', manifest: collected.manifest, usage });
    } else this.tell(usage, this.ending ? endingFailure(this.ending) : collected.failure);
  }

  private tell(usage: readonly Usage[], failed: Failure | undefined): void {
    this.phase = 'ended';
    const base = { ...this.now(), usage };
    if (failed === undefined) this.events.ended({ ...base, state: 'succeeded' });
    else this.events.ended({ ...base, state: failed.class === 'cancelled' ? 'cancelled' : 'failed', failure: failed });
  }

  private now(): { readonly step: StepId; readonly atMs: number } {
    return { step: this.id, atMs: this.context.host.clock.nowMs() };
  }

  private stopWatching(): ReturnType<StepWatch['stop']> {
    this.adopted?.stop();
    this.services.stop();
    return this.watch?.stop() ?? [];
  }

  private observe(state: 'starting' | 'running', reason: string): void {
    this.events.observe({ ...this.now(), state, reason });
  }
}
