/**
 * Where things are inside the pod of a step. One emptyDir, `shared`, is seen by the agent and by the step; the Secret of a
 * step is mounted as two volumes with `items`, so that the step sees its commands and only the agent sees credentials
 * (design.md 12.11).
 */
export const podLayout = {
  /** The emptyDir of the pod. */
  shared: '/konverge',
  /** The step's working directory, empty at first; a step that works in a mounted volume has its own. */
  work: '/konverge/work',
  /** HOME and TMPDIR of the step. */
  home: '/konverge/home',
  tmp: '/konverge/tmp',
  /** `stdout` and `stderr` of the step's commands, written by the wrapper and read by the agent. */
  logs: '/konverge/logs',
  /** What wrapper and agent tell each other (pod-handshake.ts). */
  marks: '/konverge/marks',
  /** The agent's own notes: journal, input cache. Not for the step. */
  agentState: '/konverge/agent',
  /** Read-only, in the step's container: the wrapper and the commands. */
  commands: '/konverge-step',
  /** Read-only, in the agent's container: `job.json` (domain/pod-job.ts). */
  agentConfig: '/konverge-agent',
} as const;

/** Keys of a step's Secret. `command-0`, `command-1`, … are for the step too. */
export const secretKeys = { job: 'job.json', wrapper: 'wrapper.sh' } as const;

/** Names of the containers of a step's pod. */
export const containerNames = { step: 'step', agent: 'agent' } as const;

/** Files and FIFOs below `marks`. */
export const markNames = {
  /** FIFO, agent to wrapper: a line `go`, or `stop` if the step cannot be staged. */
  staged: 'staged',
  /** File, wrapper to agent: the end of the commands (pod-handshake.ts). Complete once its last line is `end`. */
  ended: 'ended',
  /** FIFO, agent to wrapper: the PodReport as one line; then the wrapper writes it as its termination message and exits. */
  report: 'report',
} as const;

/**
 * Files below `marks` of a pod that has no wrapper, but the inputs of a step that runs in several: what its agent says when it has
 * brought them, for whoever asks from another pod. One line, `go`, or `refused CODE MESSAGE`.
 */
export const followerMark = 'follower';
