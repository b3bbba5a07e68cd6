import type { KubernetesSettings, PodPatch, PodSecurity } from '../domain/kubernetes-settings.ts';
import type { LocalSettings } from '../domain/local-settings.ts';
import type { ServiceSpec } from '../domain/service.ts';
import type { Topology } from '../domain/topology.ts';

/** What konverge.yaml says, parsed: units are fixed and defaults of ours are filled in; the machine's are not. */
export interface Configuration {
  /** The file it came from; absent where there is none. */
  readonly path?: string;
  readonly engine?: string;
  readonly queue?: string;
  readonly local: LocalSettings;
  readonly kubernetes: KubernetesSettings;
  readonly services: Readonly<Record<string, ServiceSpec>>;
  readonly rules: Readonly<Record<string, RuleConfiguration>>;
}

/** What is said of one rule from outside its Snakefile; it wins over the rule's own resources. */
export interface RuleConfiguration {
  readonly queue?: string;
  readonly priority?: string;
  readonly operator?: string;
  readonly services?: readonly string[];
  readonly image?: string;
  readonly security?: PodSecurity;
  readonly topology?: Topology;
  readonly fluxView?: string;
  /** Kueue's admission gates. */
  readonly gates?: readonly string[];
  readonly pod?: PodPatch;
}
