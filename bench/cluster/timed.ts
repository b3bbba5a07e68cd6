import { median } from '../figure.ts';
import type { ClusterSession, Step } from './cluster-session.ts';

/** The states of a step before its end, in their order. */
export const phases = ['accepted', 'queued', 'admitted', 'starting', 'running', 'committing'] as const;
export type Phase = (typeof phases)[number];

/** From when it was given away until its end was told, and how long it was in each state, as that was told. */
export interface Timed {
  readonly wallMs: number;
  readonly lasted: readonly (readonly [Phase, number])[];
}

/** Submits a step and waits for its success, outputs committed. Throws if it becomes another kind of object than `kind`. */
export async function timeStep(session: ClusterSession, step: Step, kind = 'job'): Promise<Timed> {
  const beginMs = performance.now();
  const [made] = await session.submit([step]);
  if (made !== kind) throw new Error(`step ${step.ref} becomes a ${String(made)}, not a ${kind}`);
  const events = await session.over(step.ref);
  const wallMs = performance.now() - beginMs;
  // The first event of each state counts: a state is told again when its reason changes.
  const firsts = events.filter((event, index) => events.findIndex(({ state }) => state === event.state) === index);
  const lasted = firsts.slice(0, -1).map((event, index) => {
    const next = firsts[index + 1];
    return [event.state as Phase, (next?.toldMs ?? event.toldMs) - event.toldMs] as const;
  });
  return { wallMs, lasted };
}

/** `queued 120, admitted 30`: medians in ms of each state that was seen. */
export function breakdown(runs: readonly Timed[]): string {
  const parts = phases.flatMap((phase) => {
    const times = runs.flatMap(({ lasted }) => lasted.filter(([name]) => name === phase).map(([, ms]) => ms));
    return times.length === 0 ? [] : [`${phase} ${median(times).toFixed(0)}`];
  });
  return parts.join(', ');
}
