import { rmSync, writeFileSync } from 'node:fs';
import type { StepId } from '../../domain/brand.ts';
import { KonvergeError } from '../../domain/error.ts';
import { type Failure, storageFailure } from '../../domain/failure.ts';
import type { Usage } from '../../domain/step.ts';
import { removeContainers } from './container-runtime.ts';
import { type Ending, endingFailure, startFailure } from './exit-meaning.ts';
import type { ProcessPlan } from './process-plan.ts';
import type { RunContext } from './run-context.ts';
import { ServiceGroup } from './service-group.ts';
import type { StatusFile, StepNote } from './status-file.ts';
import { noGroups, type StepGroups } from './step-cgroups.ts';
import { discard, makeStepDirectory, readStatus } from './step-directory.ts';
import { StepFiles } from './step-files.ts';
import { noteOf, type StepLaunch, serviceStart, wrapperRequest } from './step-launch.ts';
import { failureOf, type WrapperExit } from './step-outcome.ts';
import type { StepTarget } from './step-processes.ts';
import { StepReports, type StepRunEvents } from './step-reports.ts';
import { memoryBreach, StepWatch } from './step-watch.ts';
import { StepWrapper } from './step-wrapper.ts';
import { usageOf } from './usage-sampler.ts';

/** How often a step is started again when the process that starts steps is killed. */
const maxLosses = 3;

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
  private readonly reports: StepReports;
  private readonly services: ServiceGroup;
  private readonly files: StepFiles;
  private readonly wrapper: StepWrapper;
  private phase: 'starting' | 'running' | 'clearing' | 'collecting' | 'ended' = 'starting';
  private groups: StepGroups = noGroups;
  private containers: StepNote['containers'];
  /** What the application is told of its services. */
  private ports: Readonly<Record<string, string>> = {};
  private watch: StepWatch | undefined;
  private ending: Ending | undefined;
  private losses = 0;

  constructor(plan: ProcessPlan, gpus: readonly number[], context: RunContext, events: StepRunEvents) {
    this.plan = plan;
    this.gpus = gpus;
    this.context = context;
    this.reports = new StepReports(plan.step, context.host.clock, events);
    this.services = new ServiceGroup((message) => this.end({ kind: 'service', message }));
    this.files = new StepFiles(plan.staging, context.host.staging);
    this.wrapper = new StepWrapper(plan.directory, context, {
      began: (leader) => this.began(leader),
      failed: (error) => this.failStart(error),
      ended: (exit) => this.wrapperEnded(exit),
      neverBegan: () => this.startAfterLoss(),
    });
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
    this.phase = 'running';
    this.wrapper.adopt(status);
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

  private get target(): StepTarget {
    const { containers } = this;
    const groups = [...this.wrapper.groups, ...this.services.groups];
    const endContainer = containers && (() => removeContainers(containers.runtime, containers.names));
    return { id: this.id, groups, cgroups: this.groups, ...(endContainer ? { endContainer } : {}) };
  }

  private async prepareAndStart(): Promise<void> {
    try {
      if (this.plan.staging) {
        this.reports.goesOn('starting', 'its inputs are fetched');
        await this.files.stage();
        if (this.phase !== 'starting') return;
      }
      const told = await this.services.start(serviceStart(this.launch, this.context), (name) =>
        this.reports.goesOn('starting', `waits for service ${name}`),
      );
      if (told === undefined || this.phase !== 'starting') return;
      this.ports = told;
      this.startCommand();
    } catch (error) {
      // Unless somebody has ended it meanwhile.
      if (this.phase === 'starting' || this.phase === 'running') this.failStart(error);
    }
  }

  private startCommand(): void {
    this.phase = 'running';
    this.wrapper.start(wrapperRequest(this.launch, this.context, this.ports));
  }

  private began(leader: number): void {
    // Somebody may have ended it meanwhile.
    if (this.phase !== 'running') return;
    this.reports.goesOn('running', '');
    this.watchOver(leader);
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

  private watchOver(leader: number): void {
    const running = { leader, groups: this.groups, ranMs: this.wrapper.ageMs };
    this.watch = new StepWatch(this.plan, running, this.context, (ending) => this.end(ending));
  }

  private wrapperEnded(exit: WrapperExit | undefined): void {
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
    await this.wrapper.started();
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
    const usage = usageOf(status, this.stopWatching(), this.wrapper.wallMs);
    if (!this.plan.staging) return this.tell(usage, failed);
    this.phase = 'collecting';
    void this.collect(usage, failed);
  }

  private async collect(usage: readonly Usage[], failed: Failure | undefined): Promise<void> {
    if (!failed) this.reports.goesOn('committing', 'its outputs are uploaded');
    const collected = await this.files.collect(usage, failed);
    // The core has ended meanwhile; the next one collects anew.
    if (this.phase === 'ended') return;
    this.files.forget();
    if (collected.manifest && !this.ending) {
      this.phase = 'ended';
      this.reports.uploaded(collected.manifest, usage);
    } else this.tell(usage, this.ending ? endingFailure(this.ending) : collected.failure);
  }

  private tell(usage: readonly Usage[], failed: Failure | undefined): void {
    this.phase = 'ended';
    this.reports.ended(usage, failed);
  }

  private stopWatching(): ReturnType<StepWatch['stop']> {
    this.wrapper.stop();
    this.services.stop();
    return this.watch?.stop() ?? [];
  }
}
