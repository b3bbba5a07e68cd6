/** One thing that a run on a cluster needs or can use, as it was found. `konverge doctor` shows them in this order. */
export interface ClusterFinding {
  readonly name: string;
  /** `optional`: not there, and not needed; `warning`: a run may fail of it; `missing`: no run without it. */
  readonly status: 'ok' | 'optional' | 'warning' | 'missing';
  readonly detail: string;
  /** What to do; empty where nothing has to be done. */
  readonly remedy: string;
}

export function fine(name: string, detail: string): ClusterFinding {
  return { name, status: 'ok', detail, remedy: '' };
}
