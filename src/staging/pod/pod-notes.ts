import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { KonvergeError } from '../../domain/error.ts';

/** What the agent does that may kill it, by being too large for its memory for example. */
type Duty = 'stage' | 'collect';

/** Agents that ended in the middle of one duty, after which no further one tries it. */
const maxTries = 6;

const duties = { stage: 'brought the inputs of the step', collect: 'took the outputs of the step' } as const;

/** How far a stream of the step is in storage. */
const LogPosition = z.object({
  /** Pieces that are there. */
  pieces: z.int().nonnegative(),
  /** Bytes of the stream in them. */
  bytes: z.int().nonnegative(),
  /** The last piece says that there is no more. */
  cut: z.boolean(),
});
export type LogPosition = z.infer<typeof LogPosition>;

/**
 * What an agent that comes after a killed one must know. It lies in the pod's shared volume, which outlives containers. Each
 * note is written whole or not at all.
 */
export class PodNotes {
  /** For the notes of staging itself (journal.ts, input-notes.ts). Exists. */
  readonly folder: string;
  private readonly root: string;

  constructor(root: string) {
    this.root = root;
    this.folder = join(root, 'notes');
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
  }

  /** Whether the step has been staged, so that its commands may have begun: it must not be staged again. */
  get staged(): boolean {
    return existsSync(join(this.root, 'staged'));
  }

  noteStaged(): void {
    this.write('staged', '');
  }

  /** Throws `agent-lost` if it was begun too often: the wrapper waits for an answer, and must get one. */
  begin(duty: Duty): void {
    const path = join(this.root, `${duty}-tries`);
    appendFileSync(path, '.');
    const tries = statSync(path).size;
    if (tries <= maxTries) return;
    throw new KonvergeError('agent-lost', `the agent of the pod ended ${maxTries} times while it ${duties[duty]}`, {
      hint: 'It may need more memory, or the node more space: `kubectl describe pod` tells how its container ended.',
    });
  }

  /** The report that was, or was about to be, given to the wrapper, as one line. */
  get report(): string | undefined {
    return this.read('report.json');
  }

  noteReport(line: string): void {
    this.write('report.json', line);
  }

  logPosition(stream: string): LogPosition {
    const text = this.read(`${stream}.json`);
    return text === undefined ? { pieces: 0, bytes: 0, cut: false } : LogPosition.parse(JSON.parse(text));
  }

  noteLogPosition(stream: string, position: LogPosition): void {
    this.write(`${stream}.json`, JSON.stringify(position));
  }

  private read(name: string): string | undefined {
    const path = join(this.root, name);
    return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
  }

  private write(name: string, content: string): void {
    const path = join(this.root, name);
    writeFileSync(`${path}.new`, content, { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }
}
