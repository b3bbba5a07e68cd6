import { type StateDir, stateDirOf } from '../../../config/state-dir.ts';
import { findCore } from '../../client/connect.ts';
import { StepEvent } from '../../http/schemas.ts';
import type { CliContext } from '../context.ts';
import { sayJson } from '../output.ts';
import { readAnnouncement } from './announcement.ts';
import { Progress } from './progress.ts';
import { recordedSteps } from './recorded-steps.ts';
import { Screen } from './screen.ts';
import { tableLines } from './table.ts';
import type { WorkflowFacts } from './workflow-facts.ts';

const redrawMs = 200;
const lookMs = 25;
const lastEventsMs = 1000;

export interface RunViewOptions {
  readonly table: boolean;
  readonly json: boolean;
  readonly startedMs: number;
  /** The file in which the shim says where its session is. */
  readonly announcement: string;
  /** What Snakemake itself has said so far. */
  readonly facts: WorkflowFacts;
}

/**
 * Follows the session that Snakemake opens at the core, and shows it. The core may die and be started anew by the shim;
 * the view looks for it again and goes on after the last event it has seen. The run does not depend on being watched.
 */
export class RunView {
  readonly progress = new Progress();
  readonly #context: CliContext;
  #state: StateDir;
  readonly #options: RunViewOptions;
  readonly #stop = new AbortController();
  readonly #screen: Screen;
  #session: string | undefined;
  #seen = 0;
  #following: Promise<void> = Promise.resolve();

  constructor(context: CliContext, state: StateDir, options: RunViewOptions) {
    this.#context = context;
    this.#state = state;
    this.#options = options;
    this.#screen = new Screen(context.process.stdout);
  }

  get session(): string | undefined {
    return this.#session;
  }

  /** Where the run has its files: a `workdir:` in the Snakefile may have led it away from where it was started. */
  get state(): StateDir {
    return this.#state;
  }

  /** Resolves after `finish`. */
  async watch(): Promise<void> {
    const timer = this.#options.table ? setInterval(() => this.#draw(), redrawMs) : undefined;
    try {
      while (!this.#stop.signal.aborted) {
        this.#following = this.#follow();
        await this.#following;
        await pause(lookMs, this.#stop.signal);
      }
    } finally {
      clearInterval(timer);
      if (this.#options.table) this.#draw();
    }
  }

  /**
   * Ends the watching once the last event is shown: the stream ends with the session. A core that was killed says no last
   * word, so there is a limit.
   */
  async finish(): Promise<void> {
    await Promise.race([this.#following, pause(lastEventsMs, this.#stop.signal)]);
    this.#stop.abort();
    const announced = readAnnouncement(this.#options.announcement);
    if (!announced) return;
    this.#state = stateDirOf(announced.workdir);
    this.#session = announced.session;
    // A session may be over before it was looked at; the record of the run has it all.
    for (const step of recordedSteps(this.#state, announced.session)) this.progress.take(step);
  }

  async #follow(): Promise<void> {
    const announced = readAnnouncement(this.#options.announcement);
    if (!announced) return;
    this.#state = stateDirOf(announced.workdir);
    this.#session = announced.session;
    const core = await findCore(this.#state);
    if (!core) return;
    try {
      const path = `/v1/sessions/${announced.session}/events?after=${this.#seen}`;
      for await (const event of core.records(path, StepEvent, this.#stop.signal)) {
        this.#seen = event.seq;
        this.progress.take(event);
        if (this.#options.json) sayJson(this.#context, event);
      }
    } catch {
      // The core ended, with the run or by a fault; it is looked for again as long as the run goes on.
    }
  }

  #draw(): void {
    const { startedMs, facts } = this.#options;
    this.#screen.draw(
      tableLines({
        rules: this.progress.rules(facts),
        elapsedMs: Date.now() - startedMs,
        width: this.#screen.width,
        height: this.#screen.height,
        colour: this.#context.env['NO_COLOR'] === undefined,
      }),
    );
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}
