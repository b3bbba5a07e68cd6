/** Draws lines over the lines it drew before. Only for a terminal. */
export class Screen {
  readonly #out: NodeJS.WriteStream;
  #drawn = 0;

  constructor(out: NodeJS.WriteStream) {
    this.#out = out;
  }

  draw(lines: readonly string[]): void {
    // One write, so that the terminal never shows half a table: up to the first line, erase downwards, draw.
    const up = this.#drawn > 0 ? `\u001b[${this.#drawn}F` : '';
    this.#out.write(`${up}\u001b[0J${lines.join('\n')}\n`);
    this.#drawn = lines.length;
  }

  get width(): number {
    return this.#out.columns ?? 80;
  }

  get height(): number {
    return this.#out.rows ?? 24;
  }
}
