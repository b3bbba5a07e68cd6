/** What a pod depends on besides the order and the settings. */
export interface PodContext {
  /** The identity of the core's working directory: the same after a restart of the core, so that it finds its steps. */
  readonly run: string;
  readonly namespace: string;
  /** The LocalQueue. */
  readonly queue: string;
  /** Of the largest node, where nodes may be read. */
  readonly nodeCores?: number;
  /** Of the queue, as far as it can be read. */
  readonly capacity?: {
    /** The most that one pod can ever get. */
    readonly memoryBytes?: number;
    /** Names of the resources that it has a quota for. */
    readonly covered?: readonly string[];
  };
}
