import { KonvergeError } from '../../../src/domain/error.ts';
import type { StagingPlan } from '../../../src/domain/staging.ts';
import type { StepSpec } from '../../../src/domain/step.ts';
import type { Staging } from '../../../src/ports/staging.ts';
import { ScriptedStaging } from '../../scripted-staging.ts';

export type Staged = Pick<StepSpec, 'staging'>;

/** Storage and its staging as an engine uses it, with ways for it to go wrong. */
export interface StagingRig {
  readonly staging: Staging;
  /** With an input `input`, whose content is `staged`. */
  plain(): Promise<Staged>;
  /** With an input `in/a` that is not in storage. */
  withoutInput(): Promise<Staged>;
  /** With an output `out/a`. */
  withOutput(): Promise<Staged>;
  /** Moving its inputs, or its outputs, begins and never ends. */
  stuckIn(kind: 'stage' | 'collect'): Promise<{ readonly staged: Staged; readonly begun: () => boolean }>;
  /** What was asked of `staging`, if that is where the files are moved. */
  readonly calls?: readonly string[];
}

const at = (key: string) => ({ store: 's3', bucket: 'b', key });
const plan: StagingPlan = { by: 'agent', area: at('.konverge'), inputs: [], outputs: [], logs: [], inner: [] };

/** For engines that have the core's agent move the files. What that one does is tested in test/staging. */
export function scriptedRig(): StagingRig & { readonly staging: ScriptedStaging } {
  const staging = new ScriptedStaging();
  const failing = (kind: 'stage' | 'collect', error: KonvergeError): Staged => {
    staging.gates[kind] = () => Promise.reject(error);
    return { staging: plan };
  };
  return {
    staging,
    calls: staging.calls,
    plain: async () => ({ staging: plan }),
    withoutInput: async () => failing('stage', new KonvergeError('object-missing', 'in/a is not in storage')),
    withOutput: async () => failing('collect', new KonvergeError('output-missing', 'out/a was not made')),
    async stuckIn(kind) {
      staging.gates[kind] = () => new Promise(() => undefined);
      return { staged: { staging: plan }, begun: () => staging.count(kind) === 1 };
    },
  };
}
