import { AdoptedWrapper } from './adopted-wrapper.ts';
import { traceOf } from './recovery.ts';
import type { RunContext } from './run-context.ts';
import type { WrapperRequest } from './spawner.ts';
import type { StatusFile } from './status-file.ts';
import type { StepDirectory } from './step-directory.ts';
import type { WrapperExit } from './step-outcome.ts';

/** What a step hears of its wrapper. `began` or `failed` first; `neverBegan` instead of them, and is the last. */
export interface StepWrapperEvents {
  began(leader: number): void;
  failed(error: unknown): void;
  /** `exit` where it was our child. */
  ended(exit: WrapperExit | undefined): void;
  /** The process that was to start it is gone, and it has not begun and never will. */
  neverBegan(): void;
}

/**
 * The process that runs a step's commands: started by us, or adopted from a former core. If the process that has started it
 * is killed, it is from then on as one that a former core has started.
 */
export class StepWrapper {
  private readonly directory: StepDirectory;
  private readonly context: RunContext;
  private readonly events: StepWrapperEvents;
  /** Settled when it has been started or cannot be: before that, nobody can say that nothing of it is left. */
  private starting: Promise<void> | undefined;
  private adopted: AdoptedWrapper | undefined;
  /** Its process, and so the id of its process group and session. */
  private leader: number | undefined;
  private startedMs: number | undefined;
  private ranMs: number | undefined;
  private stopped = false;

  constructor(directory: StepDirectory, context: RunContext, events: StepWrapperEvents) {
    this.directory = directory;
    this.context = context;
    this.events = events;
  }

  /** Throws what the spawner throws. */
  start(request: WrapperRequest): void {
    const start = Promise.withResolvers<void>();
    this.starting = start.promise;
    this.context.spawner.start(request, {
      started: (pid) => {
        this.leader = pid;
        this.startedMs = performance.now();
        start.resolve();
        this.events.began(pid);
      },
      failed: (error) => {
        start.resolve();
        this.events.failed(error);
      },
      ended: (exit) => this.ended(exit),
      lost: () => void this.followWithoutSpawner().finally(start.resolve),
    });
  }

  /** Goes on with one that a former core has started, whether it still runs or not. */
  adopt(status: StatusFile): void {
    this.startedMs = performance.now() - this.follow(status).ageMs();
  }

  /** Resolves when it has been started, or cannot be. */
  async started(): Promise<void> {
    await this.starting;
  }

  /** Its process group, if it is ours for certain: one that is not our child may be signalled only while it lives. */
  get groups(): readonly number[] {
    return this.leader !== undefined && (this.adopted?.alive() ?? true) ? [this.leader] : [];
  }

  /** How long it has run by now; 0 where that cannot be told. */
  get ageMs(): number {
    return this.startedMs === undefined ? 0 : performance.now() - this.startedMs;
  }

  /** From its start to its end, where both were seen. */
  get wallMs(): number | undefined {
    return this.ranMs;
  }

  /** Looks no more for its end: nothing is left of it, or a later core will look. */
  stop(): void {
    this.stopped = true;
    this.adopted?.stop();
  }

  private ended(exit: WrapperExit | undefined): void {
    // An adopted one may have ended long before we look; its own record tells.
    if (exit && this.startedMs !== undefined) this.ranMs = Math.round(this.ageMs);
    this.events.ended(exit);
  }

  /** The process that started it is gone. */
  private async followWithoutSpawner(): Promise<void> {
    if (this.stopped) return;
    const trace = await traceOf(this.directory);
    if (this.stopped) return;
    if (trace.kind === 'never-begun') return this.events.neverBegan();
    this.follow(trace.status);
    if (this.startedMs === undefined) this.events.began(trace.status.pid);
  }

  private follow(status: StatusFile): AdoptedWrapper {
    this.leader = status.pid;
    this.adopted = new AdoptedWrapper(status, this.directory, this.context.machine.bootId, () => this.ended(undefined));
    this.adopted.follow();
    return this.adopted;
  }
}
