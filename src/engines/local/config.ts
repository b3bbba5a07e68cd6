import type { LocalSettings } from '../../domain/local-settings.ts';
import type { Queue, Quota } from '../../domain/queue.ts';

export type { LocalSettings, QueueSettings } from '../../domain/local-settings.ts';

/** The settings with nothing left open. */
export interface LocalConfig extends Omit<LocalSettings, 'queues'> {
  /** Several queues share the machine; together they use no more of it than `sharedQuota` (admission.ts) says. */
  readonly queues: readonly Queue[];
  /** The queue of a step that names none. */
  readonly defaultQueue: string;
  /** How long what a successful command left running in the background may go on before it is ended. */
  readonly lingerMs: number;
  /** How many later steps may overtake one that does not fit, before what it needs is kept for it. */
  readonly overtakes: number;
}

export const defaultLocalSettings: LocalSettings = {
  containers: 'off',
  queues: [],
  cancelGraceMs: 5000,
  memoryLimit: 'auto',
  processTracking: 'auto',
};

/** `machine` is what the machine has, for the amounts that nobody stated. */
export function resolveLocalConfig(settings: LocalSettings, machine: Quota, defaultQueue?: string): LocalConfig {
  const queues: Queue[] = settings.queues.map(({ name, priority, cpuMillis, memoryBytes, gpu, custom }) => ({
    name,
    priority,
    quota: {
      cpuMillis: cpuMillis ?? machine.cpuMillis,
      memoryBytes: memoryBytes ?? machine.memoryBytes,
      gpu,
      custom,
    },
  }));
  if (queues.length === 0) queues.push({ name: 'default', priority: 0, quota: machine });
  return {
    ...settings,
    queues,
    defaultQueue: defaultQueue ?? queues[0]?.name ?? 'default',
    // `cmd > >(gzip > file)` ends before its gzip does: a success may take this long to be complete.
    lingerMs: 2000,
    overtakes: 64,
  };
}
