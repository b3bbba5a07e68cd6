import { randomBytes } from 'node:crypto';
import type { SessionId, StepId } from '../domain/brand.ts';
import { KonvergeError } from '../domain/error.ts';
import type { Execution } from '../domain/step.ts';
import type { Clock } from '../ports/clock.ts';
import type { RunStore, SessionRecord } from '../ports/run-store.ts';
import type { StorageAccess } from '../ports/staging.ts';

/** A front end says that it is there this often … */
export const heartbeatMs = 5000;
/** … and is taken for gone after this long without a word, if its process cannot be seen to have ended before. */
const silenceMs = 4 * heartbeatMs;

export interface OpenSession {
  readonly record: SessionRecord;
  readonly lastHeardMs: number;
  readonly toldThrough: number;
}

/** By the mode of a step; one object for all steps of a mode, so that an engine can tell that it is the same. */
export type StepEnvironments = Readonly<Record<Execution['mode'], Readonly<Record<string, string>>>>;

const noEnvironments: StepEnvironments = { direct: {}, group: {}, fallback: {} };

export interface SessionRequest {
  readonly frontEnd: string;
  readonly workdir: string;
  readonly pid: number;
  readonly host: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Added for the workflow tool's own job command, such as declared variables that hold credentials. */
  readonly fallbackEnvironment?: Readonly<Record<string, string>>;
  /** How its storage is reached, if its steps share no file system with it; with credentials, so never stored. */
  readonly storage?: StorageAccess;
  /** The session that goes on after the core was started anew under a living front end. */
  readonly resume?: SessionId;
}

/**
 * Which front end is attached. One at a time for a working directory: two runs would prepare and remove each other's
 * outputs. A session ends when it is closed, when its process is gone, or when it falls silent.
 */
export class Sessions {
  readonly #store: RunStore;
  readonly #clock: Clock;
  /** Whether a process still lives; false only when it is surely gone (another host is never surely gone). */
  readonly #isAlive: (session: SessionRecord) => boolean;
  #attached: OpenSession | undefined;
  #environments: StepEnvironments = noEnvironments;
  #ownVariables: StepEnvironments = noEnvironments;
  #anyOpened = false;
  #ending = false;

  constructor(store: RunStore, clock: Clock, isAlive: (session: SessionRecord) => boolean) {
    this.#store = store;
    this.#clock = clock;
    this.#isAlive = isAlive;
  }

  /** Whether a front end was ever attached to this core. */
  get anyOpened(): boolean {
    return this.#anyOpened;
  }

  get attached(): OpenSession | undefined {
    return this.#attached;
  }

  /** Of the newest front end, attached or not: what it has started may have its command still before it. Never stored. */
  get environments(): StepEnvironments {
    return this.#environments;
  }

  /** Of these, what the front end added for the workflow tool's own job command. */
  get ownVariables(): StepEnvironments {
    return this.#ownVariables;
  }

  /** From now on none is opened: the core is about to end, and whoever comes must start another. */
  end(): void {
    this.#ending = true;
  }

  /** Throws `workdir-busy` while another front end is attached, `core-unreachable` when the core is ending. */
  open(request: SessionRequest): OpenSession {
    if (this.#ending) {
      throw new KonvergeError('core-unreachable', `the core of ${request.workdir} is ending`, {
        hint: 'Start another one.',
      });
    }
    this.expire();
    const current = this.#attached;
    if (current && current.record.id !== request.resume) {
      throw new KonvergeError(
        'workdir-busy',
        `${request.workdir} is in use by ${current.record.frontEnd}, process ${current.record.pid} on ${current.record.host}`,
      );
    }
    const nowMs = this.#clock.nowMs();
    const earlier = request.resume && this.#store.sessions().find(({ id }) => id === request.resume);
    const record: SessionRecord = {
      id: earlier ? earlier.id : (`s-${nowMs.toString(36)}-${randomBytes(4).toString('hex')}` as SessionId),
      frontEnd: request.frontEnd,
      workdir: request.workdir,
      pid: request.pid,
      host: request.host,
      openedAtMs: earlier ? earlier.openedAtMs : nowMs,
    };
    this.#store.write({ sessions: [record] });
    this.#anyOpened = true;
    this.#ownVariables = { ...noEnvironments, fallback: request.fallbackEnvironment ?? {} };
    this.#environments = {
      direct: request.environment,
      group: request.environment,
      fallback: { ...request.environment, ...request.fallbackEnvironment },
    };
    this.#attached = { record, lastHeardMs: nowMs, toldThrough: 0 };
    return this.#attached;
  }

  /** The open session of this id, marked as heard. Throws `not-found`: it was closed, or the core was started anew. */
  heard(id: SessionId): OpenSession {
    const session = this.#attached;
    if (session?.record.id !== id) {
      throw new KonvergeError('not-found', `there is no open session ${id}`, { hint: 'Open it again with "resume".' });
    }
    this.#attached = { ...session, lastHeardMs: this.#clock.nowMs() };
    return this.#attached;
  }

  /** Takes the front end's word that it has told all ends up to this event; the steps that this closes. */
  told(id: SessionId, throughSeq: number): readonly StepId[] {
    const session = this.heard(id);
    if (throughSeq <= session.toldThrough) return [];
    const steps = this.#store.markTold(id, session.toldThrough, throughSeq);
    this.#attached = { ...session, toldThrough: throughSeq };
    return steps;
  }

  /** Throws what the store throws; then too it is closed here, and looks in the store like one that crashed. */
  close(id: SessionId): void {
    const session = this.#attached;
    if (session?.record.id !== id) return;
    this.#attached = undefined;
    this.#store.write({ sessions: [{ ...session.record, closedAtMs: this.#clock.nowMs() }] });
  }

  list(): readonly { readonly record: SessionRecord; readonly attached: boolean; readonly alive: boolean }[] {
    return this.#store.sessions().map((record) => ({
      record,
      attached: record.id === this.#attached?.record.id,
      alive: this.#isAlive(record),
    }));
  }

  /** Lets go of a session whose process is gone or silent; true if it did. It stays unclosed in the store: it crashed. */
  expire(): boolean {
    const session = this.#attached;
    if (!session) return false;
    const silent = this.#clock.nowMs() - session.lastHeardMs > silenceMs;
    if (this.#isAlive(session.record) && !silent) return false;
    this.#attached = undefined;
    return true;
  }
}
