/** How much the agent does at once, over all steps. A store that is far away wants many; this machine has few cores. */
export const concurrency = {
  /** Downloads, and as many uploads of parts; a part is mostly 16 MiB, which bounds the memory. */
  transfers: 10,
  /** Other requests: to open, complete and look at objects. */
  requests: 10,
} as const;
