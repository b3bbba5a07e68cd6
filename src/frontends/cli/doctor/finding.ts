/** One thing that a run needs or can use. */
export interface Finding {
  readonly name: string;
  readonly status: 'ok' | 'missing' | 'optional';
  readonly detail: string;
  /** How to get it; empty where it is there. */
  readonly remedy: string;
}
