/**
 * How far a log was read, so that reading can go on after a broken connection with nothing lost and nothing twice.
 *
 * The log is read with timestamps, a line each: `2026-11-24T02:44:02.123456789Z the line`. They are taken off here. The API can
 * begin only at a whole second, so reading goes on a second before the last line, and as many lines are skipped as were read of
 * those seconds: lines of the two streams may be out of order by some microseconds, so timestamps alone would not do. Lines
 * newer than any that were read are never skipped: a log that was rotated meanwhile begins later.
 */
export class LogPosition {
  /** Lines read, by second, of the last seconds. */
  readonly #counts = new Map<number, number>();
  /** Whether only the last lines were asked for: older ones that come with a later reading are none of ours. */
  readonly #tail: boolean;
  #first: Stamp | undefined;
  #newest: Stamp | undefined;
  /** A line whose beginning was handed on: its stamp, and how many bytes. */
  #open: { readonly stamp: Stamp | undefined; bytes: number } | undefined;

  #state: 'stamp' | 'pass' | 'skip' = 'stamp';
  #pending: Buffer = Buffer.alloc(0);
  #atBegin = true;
  #skipLines = 0;
  /** Of the line that was open when the connection broke. */
  #resumed: { readonly stamp: Stamp | undefined; bytes: number } | undefined;
  /** Bytes to drop of the line at hand. */
  #skipBytes = 0;

  constructor(tail: boolean) {
    this.#tail = tail;
  }

  /** Where to go on, for `sinceTime`; undefined as long as nothing was read. */
  since(): string | undefined {
    const from = this.#resumeSecond();
    return from === undefined ? undefined : `${new Date(from).toISOString().slice(0, 19)}Z`;
  }

  /** Before each connection. */
  begin(): void {
    this.#pending = Buffer.alloc(0);
    this.#state = 'stamp';
    this.#atBegin = this.#newest !== undefined;
    // It may have broken again before that line came, or in the part of it that was handed on before.
    if (this.#open !== undefined)
      this.#resumed = { stamp: this.#open.stamp, bytes: this.#open.bytes + this.#skipBytes };
    this.#skipBytes = 0;
    this.#open = undefined;
    const from = this.#resumeSecond() ?? 0;
    this.#skipLines = 0;
    for (const [second, lines] of this.#counts) if (second >= from) this.#skipLines += lines;
  }

  /** The new bytes of a chunk, without timestamps. */
  take(chunk: Buffer): Buffer[] {
    const out: Buffer[] = [];
    let rest = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    this.#pending = Buffer.alloc(0);
    while (rest.length > 0) {
      if (this.#state === 'stamp') {
        const end = endOfStamp(rest);
        if (end === undefined) {
          // Copied: the chunk it lies in may be large.
          this.#pending = Buffer.from(rest);
          return out;
        }
        rest = rest.subarray(this.#lineBegins(rest.toString('latin1', 0, end), out) ? end + 1 : 0);
        continue;
      }
      const newline = rest.indexOf(10);
      const line = newline === -1 ? rest : rest.subarray(0, newline + 1);
      rest = rest.subarray(line.length);
      if (this.#state === 'pass') this.#pass(line, out);
      if (newline !== -1) this.#lineEnds();
    }
    return out;
  }

  /** Whether the words before the first space were a timestamp, which then is to be left out. */
  #lineBegins(words: string, out: Buffer[]): boolean {
    const stamp = stampOf(words);
    const atBegin = this.#atBegin;
    this.#atBegin = false;
    if (stamp === undefined) {
      // The rest of a long line that began before; or a word of the kubelet's own.
      this.#state = atBegin ? 'skip' : 'pass';
      if (!atBegin) this.#open = { stamp: undefined, bytes: 0 };
      return false;
    }
    this.#state = 'skip';
    if (this.#tail && this.#first !== undefined && compare(stamp, this.#first) < 0) return true;
    if (this.#newest !== undefined && compare(stamp, this.#newest) > 0) this.#skipLines = 0;
    if (this.#skipLines > 0) {
      this.#skipLines -= 1;
      return true;
    }
    this.#state = 'pass';
    const resumed = this.#resumed;
    this.#resumed = undefined;
    const same = resumed?.stamp !== undefined && compare(resumed.stamp, stamp) === 0;
    this.#skipBytes = same ? resumed.bytes : 0;
    // What is left of the open line is gone; the next one must not go on in its place.
    if (resumed !== undefined && !same) out.push(Buffer.from('\n'));
    this.#open = { stamp, bytes: 0 };
    this.#first ??= stamp;
    if (this.#newest === undefined || compare(stamp, this.#newest) > 0) this.#newest = stamp;
    return true;
  }

  #pass(line: Buffer, out: Buffer[]): void {
    const dropped = Math.min(this.#skipBytes, line.length);
    this.#skipBytes -= dropped;
    if (this.#open !== undefined) this.#open.bytes += line.length;
    if (dropped < line.length) out.push(line.subarray(dropped));
  }

  #lineEnds(): void {
    const stamp = this.#state === 'pass' ? this.#open?.stamp : undefined;
    this.#open = undefined;
    this.#skipBytes = 0;
    this.#state = 'stamp';
    if (stamp === undefined) return;
    const known = this.#counts.get(stamp.secondMs);
    this.#counts.set(stamp.secondMs, (known ?? 0) + 1);
    if (known !== undefined) return;
    const from = this.#resumeSecond() ?? 0;
    for (const second of this.#counts.keys()) if (second < from) this.#counts.delete(second);
  }

  #resumeSecond(): number | undefined {
    return this.#newest === undefined ? undefined : this.#newest.secondMs - 1000;
  }
}

interface Stamp {
  readonly secondMs: number;
  readonly nanos: number;
}

/** No timestamp is longer. */
const longestStamp = 40;

/** Undefined: more bytes are needed to say. */
function endOfStamp(bytes: Buffer): number | undefined {
  const space = bytes.indexOf(32);
  const newline = bytes.indexOf(10);
  const end = Math.min(...[space, newline, longestStamp].filter((at) => at !== -1));
  return end < bytes.length ? end : undefined;
}

const pattern = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/;
/** Most lines are of the same second as the one before. */
let last: { readonly words: string; readonly secondMs: number } = { words: '', secondMs: 0 };

function stampOf(words: string): Stamp | undefined {
  const [, time = '', fraction = '0', zone = ''] = pattern.exec(words) ?? [];
  if (time === '') return undefined;
  const second = time + zone;
  if (last.words !== second) last = { words: second, secondMs: Date.parse(second) };
  if (Number.isNaN(last.secondMs)) return undefined;
  return { secondMs: last.secondMs, nanos: Number(fraction.padEnd(9, '0')) };
}

function compare(a: Stamp, b: Stamp): number {
  return a.secondMs - b.secondMs || a.nanos - b.nanos;
}
