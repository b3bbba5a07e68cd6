/** What a person says of the local engine (`local:` in konverge.yaml), parsed; the machine gives what is left open. */
export interface LocalSettings {
  /** Whether images of services are used; a step's own image is used whenever it comes with the step. */
  readonly containers: 'on' | 'off';
  /** None: one queue, `default`, of the whole machine. */
  readonly queues: readonly QueueSettings[];
  /** How long a step may take to end after SIGTERM, before SIGKILL. */
  readonly cancelGraceMs: number;
  /** How a memory limit is kept. `auto`: by the kernel where its cgroups can be written, else watched. */
  readonly memoryLimit: 'auto' | 'cgroup' | 'watch';
  /** How left-over processes are found. `auto`: by cgroup where one can be made, else by a scan of /proc. */
  readonly processTracking: 'auto' | 'cgroup' | 'scan';
}

export interface QueueSettings {
  readonly name: string;
  readonly priority: number;
  readonly cpuMillis?: number | undefined;
  readonly memoryBytes?: number | undefined;
  readonly gpu: number;
  readonly custom: Readonly<Record<string, number>>;
}
