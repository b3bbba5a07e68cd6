import type { PodLayout } from '../../../domain/pod-wrapper.ts';
import type { ResourceRequest } from '../../../domain/resources.ts';

/** What a kind gives the step's container besides its commands, by the step's Secret. */
export interface StepAdditions {
  /** Variables; they win over the step's own. */
  readonly env: Readonly<Record<string, string>>;
  /** Key of the Secret, and file beside the commands, to its text. */
  readonly files: Readonly<Record<string, string>>;
  /** Of other pods of the step: its commands begin when each of them has an address. */
  readonly hosts?: readonly string[];
  /** What one pod asks for; absent: all that the step does. */
  readonly request?: ResourceRequest;
  /** How the queue's memory is divided, for a step that states none; absent: its one pod may have all of it. */
  readonly memoryShare?: MemoryShare;
  /** Its processes talk by /dev/shm, of which container runtimes give 64 MiB: as much as the container has memory instead. */
  readonly sharedMemory?: true;
  /** Where things are in its pods, and what its wrapper is; absent: as in domain/pod-layout.ts. */
  readonly place?: StepPlace;
}

export interface StepPlace {
  readonly layout: PodLayout;
  readonly wrapper: string;
  /**
   * `config-map`: its pods cannot mount a part of a Secret, so what the step's container sees is in a ConfigMap, but for the
   * variables, which its agent brings.
   */
  readonly commandsIn: 'secret' | 'config-map';
}

export interface MemoryShare {
  /** What pods beside the step's own ask for. */
  readonly othersBytes: number;
  /** Pods like the step's own, with it. */
  readonly pods: number;
}

export const noAdditions: StepAdditions = { env: {}, files: {} };
