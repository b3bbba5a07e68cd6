/** More than this helps nobody who reads `kubectl logs`; all lines are in storage. */
const linesPerSecond = 500;
const maxLineBytes = 2000;
/** What a program says before it ends is what a person looks for: so many lines are shown however many came before them. */
const lastLines = 50;

const newline = 0x0a;

/**
 * Lines of a stream of the step, each with a prefix, for the agent's own standard output. A stream may bring a hundred thousand
 * lines a second: those beyond the rate are only counted, and the count is said; but the last lines of all are shown.
 */
export class LinePrinter {
  private readonly prefix: Buffer;
  private readonly print: (text: Buffer) => void;
  private readonly nowMs: () => number;
  /** The beginning of a line that has not ended yet. */
  private partial: Buffer = Buffer.alloc(0);
  private free = linesPerSecond;
  private refilledAtMs: number;
  private leftOut = 0;
  /** The newest of them. */
  private held: Buffer[] = [];

  constructor(stream: string, print: (text: Buffer) => void, nowMs: () => number = () => performance.now()) {
    this.prefix = Buffer.from(`${stream} | `);
    this.print = print;
    this.nowMs = nowMs;
    this.refilledAtMs = nowMs();
  }

  take(chunk: Buffer): void {
    this.refill();
    const shown: Buffer[] = [];
    const held: Buffer[] = [];
    let begin = 0;
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, begin)) {
      if (this.free > 0) {
        this.addLine(shown, Buffer.concat([this.partial, chunk.subarray(begin, end)]));
        this.free -= 1;
      } else {
        this.leftOut += 1;
        held.push(
          this.partial.length === 0
            ? chunk.subarray(begin, end)
            : Buffer.concat([this.partial, chunk.subarray(begin, end)]),
        );
        if (held.length > lastLines) held.shift();
      }
      this.partial = Buffer.alloc(0);
      begin = end + 1;
    }
    if (held.length > 0) this.held = [...this.held, ...held.map(cutCopy)].slice(-lastLines);
    const room = maxLineBytes + 1 - this.partial.length;
    if (begin < chunk.length && room > 0) {
      this.partial = Buffer.concat([this.partial, chunk.subarray(begin, begin + room)]);
    }
    if (shown.length > 0) this.print(Buffer.concat(shown));
  }

  /** The stream has ended, maybe in the middle of a line. */
  finish(): void {
    const shown: Buffer[] = [];
    const { held } = this;
    this.leftOut -= held.length;
    this.addLeftOut(shown);
    for (const line of held) this.addLine(shown, line);
    if (this.partial.length > 0) this.addLine(shown, this.partial);
    this.partial = Buffer.alloc(0);
    if (shown.length > 0) this.print(Buffer.concat(shown));
  }

  private refill(): void {
    const nowMs = this.nowMs();
    if (nowMs - this.refilledAtMs < 1000) return;
    this.refilledAtMs = nowMs;
    this.free = linesPerSecond;
  }

  private addLine(shown: Buffer[], line: Buffer): void {
    this.addLeftOut(shown);
    const cut = line.length > maxLineBytes;
    shown.push(this.prefix, cut ? line.subarray(0, maxLineBytes) : line, Buffer.from(cut ? ' [cut]\n' : '\n'));
  }

  private addLeftOut(shown: Buffer[]): void {
    this.held = [];
    if (this.leftOut === 0) return;
    shown.push(this.prefix, Buffer.from(`[${this.leftOut} lines left out here]\n`));
    this.leftOut = 0;
  }
}

/** The chunk is its reader's, who fills it anew. One byte more than is shown tells that it is cut. */
function cutCopy(line: Buffer): Buffer {
  return Buffer.from(line.subarray(0, maxLineBytes + 1));
}
