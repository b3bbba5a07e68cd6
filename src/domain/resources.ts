/**
 * What one step asks for, in one vocabulary for all engines.
 *
 * Remote executors get Snakemake's default resources (1 GB of memory, 50 GB of disk) whether the author wrote them or not
 * (design.md 12.6), so each amount says whether it was *stated*. A default is a hint: an engine caps it to its queue; it
 * never becomes a kill limit and never a reason to refuse.
 */
export interface Amount {
  readonly value: number;
  readonly stated: boolean;
}

export interface GpuRequest {
  readonly count: number;
  readonly vendor?: string;
  readonly model?: string;
}

/** An MPI step: `command` is what stands in `resources.mpi` (`mpirun`, `mpiexec -bind-to core`, …). */
export interface MpiRequest {
  readonly command: string;
  readonly tasks: number;
  readonly tasksPerNode?: number;
  readonly nodes: number;
}

export interface ResourceRequest {
  /** cpus of one task, in millicores; the whole step needs `totalCpuMillis`. */
  readonly cpuMillis: number;
  /** Bytes of the whole step, all tasks together. */
  readonly memoryBytes?: Amount;
  readonly diskBytes?: Amount;
  readonly runtimeMs?: Amount;
  readonly gpu?: GpuRequest;
  readonly mpi?: MpiRequest;
  /** Any other countable resource that a queue may have a quota for, such as licences. */
  readonly custom: Readonly<Record<string, number>>;
}

/** Millicores of the whole step: MPI tasks run side by side. */
export function totalCpuMillis(request: ResourceRequest): number {
  return request.cpuMillis * (request.mpi?.tasks ?? 1);
}
