/**
 * The states of a step.
 *
 * accepted
 *   The core has stored the step. It leaves this state when an engine has taken it (`queued`), or when the engine
 *   refuses it (`failed`).
 *
 * queued
 *   The engine holds the step until its queue has room. It always carries a reason that a person can read. Admission
 *   leads to `admitted`.
 *
 * admitted
 *   Quota is reserved; nothing of the step runs yet. Services start, pods are made: `starting`.
 *
 * starting
 *   Services are awaited, images pulled, inputs staged. The command's start leads to `running`.
 *
 * running
 *   The command runs. Its end leads to `committing` when it succeeded, and to `failed` otherwise.
 *
 * committing
 *   The command succeeded; outputs are being made visible. Once they are all there: `succeeded`; if one cannot be had:
 *   `failed`. Steps that work in place pass through it in an instant. A step whose outputs are uploaded is *parked* here
 *   while no front end asks for it: nothing of it is visible yet, and nothing is lost.
 *
 * succeeded, failed, cancelled
 *   Ends; nothing leaves them.
 *
 * From admitted, starting and running an eviction leads back to `queued`: a restart, not a failure. A cancellation leads
 * from every state that is not an end to `cancelled`. An engine may skip states (a short step is seen first when it has
 * ended), so every forward move is allowed; a backward move other than the eviction is a fault and is ignored by the
 * caller, since observations may come twice or late.
 */
export const stepStates = [
  'accepted',
  'queued',
  'admitted',
  'starting',
  'running',
  'committing',
  'succeeded',
  'failed',
  'cancelled',
] as const;

export type StepState = (typeof stepStates)[number];

export const endStates = ['succeeded', 'failed', 'cancelled'] as const satisfies readonly StepState[];

export type EndState = (typeof endStates)[number];

export function isEnd(state: StepState): state is EndState {
  return state === 'succeeded' || state === 'failed' || state === 'cancelled';
}

/** Nothing of the step runs yet, and nothing is kept for it. */
export function isWaiting(state: StepState): boolean {
  return state === 'accepted' || state === 'queued';
}

const rank: Readonly<Record<StepState, number>> = {
  accepted: 0,
  queued: 1,
  admitted: 2,
  starting: 3,
  running: 4,
  committing: 5,
  succeeded: 6,
  failed: 6,
  cancelled: 6,
};

/** Whether a step may go from one state to another. Staying is not a move. */
export function mayMove(from: StepState, to: StepState): boolean {
  if (isEnd(from)) return false;
  if (to === 'queued' && (from === 'admitted' || from === 'starting' || from === 'running')) return true;
  return rank[to] > rank[from];
}

/** A move back to the queue: what ran is gone and starts anew below the front end's retries. */
export function isRestart(from: StepState, to: StepState): boolean {
  return to === 'queued' && mayMove(from, to) && rank[to] < rank[from];
}
