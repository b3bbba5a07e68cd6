import { closeSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { StepId } from '../../domain/brand.ts';
import { parseStatusFile, type StatusFile } from './status-file.ts';

/** Where a step keeps its files: `<stateDir>/steps/<id>/`. Kept after its end: the logs are for people. */
export interface StepDirectory {
  readonly path: string;
  readonly stdout: string;
  readonly stderr: string;
  readonly status: string;
  /** Process ids of its services, while there are any. */
  readonly services: string;
  /** Where its commands run if its files are staged; removed when they are uploaded. */
  readonly work: string;
}

export function stepsRoot(stateDir: string): string {
  return `${stateDir}/steps`;
}

export function stepDirectory(stateDir: string, id: StepId): StepDirectory {
  const path = `${stepsRoot(stateDir)}/${id}`;
  return {
    path,
    stdout: `${path}/stdout.log`,
    stderr: `${path}/stderr.log`,
    status: `${path}/status`,
    services: `${path}/services`,
    work: `${path}/work`,
  };
}

/** False if it was there already: then the step has been started before. */
export function makeStepDirectory(directory: StepDirectory): boolean {
  try {
    mkdirSync(directory.path);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    throw error;
  }
}

/** Opens both logs, hands their descriptors to `use`, and closes ours. */
export function withLogs<T>(stdoutPath: string, stderrPath: string, use: (stdout: number, stderr: number) => T): T {
  const stdout = openSync(stdoutPath, 'a');
  try {
    const stderr = openSync(stderrPath, 'a');
    try {
      return use(stdout, stderr);
    } finally {
      closeSync(stderr);
    }
  } finally {
    closeSync(stdout);
  }
}

export function readStatus(directory: StepDirectory): StatusFile | undefined {
  try {
    return parseStatusFile(readFileSync(directory.status, 'utf8'));
  } catch {
    return undefined;
  }
}

const fenceMark = 'fenced\n';

/**
 * Makes sure that a wrapper that has not yet begun never will: it makes its status file only if there is none. True if it
 * had not begun; false if it has.
 */
export function fence(directory: StepDirectory): boolean {
  try {
    writeFileSync(directory.status, fenceMark, { flag: 'wx' });
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' || isFenced(directory);
  }
}

function isFenced(directory: StepDirectory): boolean {
  try {
    return readFileSync(directory.status, 'utf8') === fenceMark;
  } catch {
    return false;
  }
}

/** Takes a directory away whose step is to be started anew. In one move first, so that a crash leaves no half of it. */
export function discard(directory: StepDirectory): void {
  const aside = `${directory.path}.discarded-${process.pid}`;
  try {
    renameSync(directory.path, aside);
  } catch {
    return;
  }
  rmSync(aside, { recursive: true, force: true });
}
