/** How much the agent does at once, over all steps. A store that is far away wants many; this machine has few cores. */
export const concurrency = {
  /** Downloads, and as many uploads of parts; a part is mostly 8 MiB, which bounds the memory. */
  transfers: 16,
  /** Other requests: to open, complete and look at objects. */
  requests: 16,
} as const;
