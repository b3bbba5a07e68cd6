import type { PodLayout } from '../../../domain/pod-wrapper.ts';
import type { ResourceRequest } from '../../../domain/resources.ts';

/** What a kind gives the step's container besides its commands, by the step's Secret. */
export interface StepAdditions {
  /** Variables; they win over the step's own. */
  readonly env: Readonly<Record<string, string>>;
  /** Key of the Secret, and file beside the commands, to its text. */
  readonly files: Readonly<Record<string, string>>;
  /** What one pod asks for; absent: all that the step does. */
  readonly request?: ResourceRequest;
  /** Where things are in its pods, and what its wrapper is; absent: as in domain/pod-layout.ts. */
  readonly place?: { readonly layout: PodLayout; readonly wrapper: string };
}

export const noAdditions: StepAdditions = { env: {}, files: {} };
