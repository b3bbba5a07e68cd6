import { isAbsolute, relative, resolve } from 'node:path';
import { KonvergeError } from '../domain/error.ts';
import { describeLocation, type ObjectLocation } from '../domain/object-location.ts';
import type { StagedFile, StagingPlan } from '../domain/staging.ts';
import { placeOf } from './transfer-plan.ts';

/** A path of a plan on this machine. Whatever is not below the step's working directory is refused. */
export function localPath(workdir: string, path: string): string {
  const absolute = resolve(workdir, path);
  if (!isWithin(workdir, absolute)) {
    throw new KonvergeError('request-invalid', `${path} is not below the step's working directory ${workdir}`, {
      hint: 'Use a relative path in the rule: the step runs in an empty directory of its own.',
    });
  }
  return absolute;
}

export function isWithin(directory: string, path: string): boolean {
  const way = relative(directory, path);
  return way !== '' && way !== '..' && !way.startsWith('../') && !isAbsolute(way);
}

/** The end of a listed key below a directory as a path; a key that no file can have is refused. */
export function pathBelow(directory: ObjectLocation, at: ObjectLocation): string {
  const rest = at.key.slice(directory.key.length);
  if (rest.split('/').some((segment) => segment === '' || segment === '.' || segment === '..') || rest.includes('\0')) {
    throw new KonvergeError('request-invalid', `${describeLocation(at)} cannot be a file below a directory`);
  }
  return rest;
}

/** Everything that a step leaves in storage. */
export function leftBehind(plan: StagingPlan): readonly StagedFile[] {
  return [...plan.outputs, ...plan.logs, ...(plan.benchmark ? [plan.benchmark] : [])];
}

/** Two files of a step under one key would overwrite each other. */
export function refuseSharedKeys(plan: StagingPlan): void {
  for (const files of Map.groupBy(leftBehind(plan), ({ at }) => placeOf(at)).values()) {
    const [first, second] = files;
    if (first && second) {
      const key = describeLocation(first.at);
      throw new KonvergeError('request-invalid', `${first.path} and ${second.path} have one key in storage: ${key}`, {
        hint: 'Give each file of the rule a path of its own.',
      });
    }
  }
}
