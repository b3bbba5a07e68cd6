import type { KubernetesSettings } from '../../../domain/kubernetes-settings.ts';
import type { ObjectLocation, StoreSettings } from '../../../domain/object-location.ts';
import type { PodJob } from '../../../domain/pod-job.ts';
import { podLayout } from '../../../domain/pod-layout.ts';
import type { PodLayout } from '../../../domain/pod-wrapper.ts';
import type { WorkOrder } from '../../../ports/engine.ts';
import { commandsOf } from './commands.ts';
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
  layout: PodLayout = podLayout,
): PodJob {
  return {
    version: 1,
    step: id,
    workdir: workplaceOf(spec, settings, layout).workdir,
    commands: commandsOf(spec).texts.length,
    ...(spec.staging && { staging: spec.staging }),
    stores: access.stores,
    environment: access.environment,
    ...(access.logs && { logs: access.logs }),
    logLimitBytes: settings.logLimitBytes,
  };
}
