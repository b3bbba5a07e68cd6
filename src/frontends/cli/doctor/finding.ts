/** One thing that a run needs or can use. */
export interface Finding {
  readonly name: string;
  /** `optional`: not there, and not needed by every run; `warning`: some steps may fail of it; `missing`: no run without it. */
  readonly status: 'ok' | 'missing' | 'warning' | 'optional';
  readonly detail: string;
  /** How to get it; empty where it is there. */
  readonly remedy: string;
}
