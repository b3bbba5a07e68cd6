import type { ServiceSpec } from '../domain/service.ts';

/** What konverge.yaml says, parsed: units are fixed and defaults of ours are filled in; the machine's are not. */
export interface Configuration {
  /** The file it came from; absent where there is none. */
  readonly path?: string;
  readonly engine?: string;
  readonly queue?: string;
  readonly namespace?: string;
  readonly local: LocalConfiguration;
  readonly defaultImage?: string;
  readonly services: Readonly<Record<string, ServiceSpec>>;
  readonly rules: Readonly<Record<string, RuleConfiguration>>;
}

export interface LocalConfiguration {
  readonly containers: 'on' | 'off';
  /** Empty: the engine makes one queue of the whole machine. */
  readonly queues: readonly QueueConfiguration[];
  readonly cancelGraceMs: number;
  readonly memoryLimit: 'auto' | 'cgroup' | 'watch';
  readonly processTracking: 'auto' | 'cgroup' | 'scan';
}

/** A queue whose unstated amounts the machine gives. */
export interface QueueConfiguration {
  readonly name: string;
  readonly priority: number;
  readonly cpuMillis?: number;
  readonly memoryBytes?: number;
  readonly gpu: number;
  readonly custom: Readonly<Record<string, number>>;
}

/** What is said of one rule from outside its Snakefile; it wins over the rule's own resources. */
export interface RuleConfiguration {
  readonly queue?: string;
  readonly priority?: string;
  readonly operator?: string;
  readonly services?: readonly string[];
  readonly image?: string;
}
