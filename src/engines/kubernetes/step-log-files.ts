import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StepId } from '../../domain/brand.ts';
import type { ObjectLocation } from '../../domain/object-location.ts';

/**
 * What this machine has of the logs of a step, below `<stateDir>/steps/<id>/`: where storage keeps them, and, for a step that
 * failed or has no storage, the end of them as its pod had it.
 */
export interface StepLogFiles {
  readonly folder: string;
  readonly stdout: string;
  readonly stderr: string;
}

export function logFilesOf(stateDir: string, id: StepId): StepLogFiles {
  const folder = join(stateDir, 'steps', id);
  return { folder, stdout: join(folder, 'stdout.log'), stderr: join(folder, 'stderr.log') };
}

export function noteWhereLogsAre({ folder }: StepLogFiles, at: ObjectLocation): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'logs.json'), JSON.stringify(at));
}

/** Undefined if storage keeps none. */
export function whereLogsAre({ folder }: StepLogFiles): ObjectLocation | undefined {
  const path = join(folder, 'logs.json');
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as ObjectLocation) : undefined;
}
