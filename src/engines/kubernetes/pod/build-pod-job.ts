import type { KubernetesSettings } from '../../../domain/kubernetes-settings.ts';
import type { ObjectLocation, StoreSettings } from '../../../domain/object-location.ts';
import type { PodJob } from '../../../domain/pod-job.ts';
import { podLayout } from '../../../domain/pod-layout.ts';
import type { WorkOrder } from '../../../ports/engine.ts';
import { commandsOf } from './commands.ts';
import { noAdditions, type StepAdditions } from './step-additions.ts';
import { workplaceOf } from './workplace.ts';

/** What the agent needs that no order says: from the session, in memory only. */
export interface AgentAccess {
  readonly stores: Readonly<Record<string, StoreSettings>>;
  readonly environment: Readonly<Record<string, string>>;
  /** Where the streams of the step are kept. */
  readonly logs?: ObjectLocation;
}

/** Pure. Throws `storage-needed`. */
export function buildPodJob(
  { id, spec }: WorkOrder,
  settings: KubernetesSettings,
  access: AgentAccess,
  { place, hosts }: Pick<StepAdditions, 'place' | 'hosts'> = noAdditions,
): PodJob {
  return {
    version: 1,
    step: id,
    workdir: workplaceOf(spec, settings, place?.layout ?? podLayout).workdir,
    commands: commandsOf(spec).texts.length,
    ...(hosts && { hosts }),
    ...(spec.staging && { staging: spec.staging }),
    stores: access.stores,
    environment: access.environment,
    ...(access.logs && { logs: access.logs }),
    logLimitBytes: settings.logLimitBytes,
  };
}
