/** setTimeout takes no more than this, almost 25 days; a longer delay would fire at once. */
const longestTimerMs = 2 ** 31 - 1;

/** Calls back once after a delay of any length. */
export class RuntimeLimit {
  private timer: NodeJS.Timeout | undefined;

  constructor(delayMs: number, onOver: () => void) {
    const arm = (leftMs: number): void => {
      const stepMs = Math.min(leftMs, longestTimerMs);
      this.timer = setTimeout(() => (leftMs > stepMs ? arm(leftMs - stepMs) : onOver()), stepMs);
    };
    arm(Math.max(0, delayMs));
  }

  stop(): void {
    clearTimeout(this.timer);
  }
}
