import { existsSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { StepId } from '../../domain/brand.ts';
import type { RunContext } from './run-context.ts';
import { ServiceGroup } from './service-group.ts';
import type { StatusFile } from './status-file.ts';
import { noGroups, type StepGroups } from './step-cgroups.ts';
import { discard, fence, readStatus, type StepDirectory } from './step-directory.ts';

/** A wrapper that has made its status file writes its first lines within microseconds. */
const halfWrittenMs = 1000;

/** What the files of a step say that a former core may have started. */
export type Trace = { readonly kind: 'begun'; readonly status: StatusFile } | { readonly kind: 'never-begun' };

export async function traceOf(directory: StepDirectory): Promise<Trace> {
  for (const untilMs = performance.now() + halfWrittenMs; ; ) {
    const status = readStatus(directory);
    if (status !== undefined) return status.end === 'refused' ? { kind: 'never-begun' } : { kind: 'begun', status };
    if (fence(directory)) return { kind: 'never-begun' };
    // Its first lines could not be written (a full disk, a crash of the machine): then nothing has run.
    if (performance.now() > untilMs) return { kind: 'never-begun' };
    await pause(10);
  }
}

/** Makes room for a new start of a step that never began: its services may be running already. */
export async function clearNeverBegun(
  id: StepId,
  directory: StepDirectory,
  populated: ReadonlyMap<StepId, StepGroups>,
  context: RunContext,
): Promise<void> {
  const services = new ServiceGroup(() => undefined);
  services.adopt(directory);
  services.stop();
  const target = { id, groups: services.groups, cgroups: populated.get(id) ?? noGroups };
  // A core that was killed between a service's start and its note has left no other trace of it than its marker.
  const isMarked = existsSync(directory.path) && context.sweep.sweep().has(id);
  if (isMarked || target.groups.length > 0 || target.cgroups.directories.length > 0) {
    await context.processes.end(() => ({ ...target, groups: services.groups }), {
      lingerMs: 0,
      graceMs: context.config.cancelGraceMs,
    });
  }
  discard(directory);
}

/** Ends processes of steps that nobody knows any more: a core was killed between a step's end and the end of its rest. */
export async function endStrays(
  known: ReadonlySet<StepId>,
  populated: ReadonlyMap<StepId, StepGroups>,
  context: RunContext,
): Promise<void> {
  const strays = new Set([...populated.keys(), ...context.sweep.sweep().keys()].filter((id) => !known.has(id)));
  await Promise.all(
    [...strays].map((id) => {
      context.host.logger.info({ step: id }, 'ends processes of a step that is no more');
      const target = { id, groups: [], cgroups: populated.get(id) ?? noGroups };
      return context.processes.end(() => target, { lingerMs: 0, graceMs: context.config.cancelGraceMs });
    }),
  );
}
