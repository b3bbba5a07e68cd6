import type { Core } from '../../app/core.ts';
import type { Configuration } from '../../config/configuration.ts';
import type { StepRecord } from '../../domain/step.ts';
import type { SessionSettings } from '../snakemake/translate.ts';

/** What the routes work with. */
export interface Api {
  readonly core: Core;
  readonly configuration: Configuration;
  readonly version: string;
  readonly workdir: string;
  readonly stateDir: string;
  /** The settings of the attached session; they go with it. */
  settings: SessionSettings;
  health(): {
    pid: number;
    version: string;
    engine: string;
    namespace: string | null;
    workdir: string;
    session: string | null;
  };
}

export function createApi(parts: Pick<Api, 'core' | 'configuration' | 'version' | 'workdir' | 'stateDir'>): Api {
  return {
    ...parts,
    settings: { containers: 'off' },
    health: () => ({
      pid: process.pid,
      version: parts.version,
      engine: parts.core.engine.name,
      namespace: parts.core.engine.namespace ?? null,
      workdir: parts.workdir,
      session: parts.core.sessions.attached?.record.id ?? null,
    }),
  };
}

/** A record as the API shows it: without command, environment and inputs, which may be large. */
export function stepView(api: Pick<Api, 'core'>, record: StepRecord): Record<string, unknown> {
  const logs = api.core.engine.logPaths(record.id);
  return {
    step: record.id,
    session: record.session,
    rule: record.spec.rule,
    label: record.spec.label,
    attempt: record.spec.attempt,
    state: record.state,
    reason: record.reason,
    kind: record.kind,
    queue: record.queue,
    mode: record.spec.execution.mode,
    restarts: record.restarts,
    ...(record.failure && { failure: record.failure }),
    usage: record.usage,
    acceptedAtMs: record.acceptedAtMs,
    ...(record.startedAtMs !== undefined && { startedAtMs: record.startedAtMs }),
    ...(record.endedAtMs !== undefined && { endedAtMs: record.endedAtMs }),
    outputs: record.spec.outputs,
    ...(logs && { logs }),
  };
}
