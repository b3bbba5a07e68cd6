import { createHash } from 'node:crypto';
import { createReadStream, mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { KonvergeError } from '../domain/error.ts';
import { describeLocation } from '../domain/object-location.ts';
import type { StagedFile, StagedOutput, StagingPlan } from '../domain/staging.ts';
import { diskError } from './disk-error.ts';
import { type FoundOutput, findOutput } from './output-files.ts';
import { localPath } from './step-paths.ts';

/** Tells Snakemake when a directory was made, and that it is whole; an empty file. */
export const directoryTimestamp = '.snakemake_timestamp';

/** A file that the step leaves, as it was found. */
export interface CheckedOutput {
  readonly declared: StagedFile & Pick<StagedOutput, 'level'>;
  readonly kind: 'file' | 'directory';
  readonly found: FoundOutput;
}

/** What Snakemake itself makes after a command: touch() outputs, empty logs, the timestamps of directories. */
export function makeDeclared(plan: StagingPlan, workdir: string): void {
  for (const output of plan.outputs) {
    const path = localPath(workdir, output.path);
    if (output.touch) touch(path, output.kind);
    if (output.kind === 'directory') makeTimestamp(path);
  }
  for (const { path } of plan.logs) touchIfAbsent(localPath(workdir, path));
}

/** Finds all that the plan declares, and throws if something is not as promised. The benchmark is made already. */
export async function checkOutputs(
  plan: StagingPlan,
  workdir: string,
  signal: AbortSignal,
): Promise<readonly CheckedOutput[]> {
  const declared = [
    ...plan.outputs,
    ...[...plan.logs, ...(plan.benchmark ? [plan.benchmark] : [])].map((file) => ({ ...file, kind: 'file' as const })),
  ];
  const checked: CheckedOutput[] = [];
  const missing: StagedFile[] = [];
  for (const file of declared) {
    signal.throwIfAborted();
    const found = await findOutput(workdir, localPath(workdir, file.path));
    if (found === undefined) missing.push(file);
    else checked.push({ declared: file, kind: file.kind, found });
  }
  if (missing.length > 0) throw missingOutputs(missing);
  for (const {
    declared: { path },
    kind,
    found,
  } of checked) {
    if (kind === found.kind) continue;
    const message =
      kind === 'file'
        ? `output ${path} is a directory, but the rule declares a file`
        : `output ${path} is a file, but the rule declares a directory`;
    throw new KonvergeError('output-invalid', message, {
      hint: kind === 'file' ? `Declare it as directory("${path}").` : 'Declare it without directory().',
    });
  }
  for (const output of plan.outputs) {
    const found = checked.find(({ declared }) => declared === output)?.found;
    if (output.ensure && found) await checkPromise(output, found, signal);
  }
  return checked;
}

/** Names every file that is not there, by its path and by its key. */
export function missingOutputs(files: readonly StagedFile[]): KonvergeError {
  const names = files.map(({ path, at }) => `${path} (${describeLocation(at)})`);
  const what = files.length === 1 ? 'output is missing' : `${files.length} outputs are missing`;
  return new KonvergeError('output-missing', `${what}: ${names.join(', ')}`);
}

async function checkPromise(output: StagedOutput, found: FoundOutput, signal: AbortSignal): Promise<void> {
  const [file] = found.files;
  const { nonEmpty, checksum } = output.ensure ?? { nonEmpty: false };
  if (nonEmpty && (found.kind === 'directory' ? found.files.length === 0 : file?.stats.size === 0n)) {
    throw new KonvergeError('output-invalid', `output ${output.path} is empty, but the rule ensures that it is not`);
  }
  if (checksum === undefined || found.kind === 'directory' || file === undefined) return;
  const digest = createHash(checksum.algorithm);
  await pipeline(createReadStream(file.path), digest, { signal });
  const value = digest.digest('hex');
  if (value !== checksum.value.toLowerCase()) {
    throw new KonvergeError(
      'output-invalid',
      `output ${output.path} has the ${checksum.algorithm} checksum ${value}, but the rule ensures ${checksum.value}`,
    );
  }
}

function touch(path: string, kind: 'file' | 'directory'): void {
  try {
    if (kind === 'directory') mkdirSync(path, { recursive: true });
    else {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, '', { flag: 'a' });
    }
    const now = new Date();
    utimesSync(path, now, now);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    // A directory where a file is declared is found by the checks, which say it better. A command that runs as another user
    // owns its file, and only an owner may set a time; storage gives the object its own.
    if (code !== 'EISDIR' && code !== 'EEXIST' && code !== 'EPERM') throw diskError(path, cause);
  }
}

function touchIfAbsent(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, '', { flag: 'wx' });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw diskError(path, cause);
  }
}

function makeTimestamp(directory: string): void {
  const path = join(directory, directoryTimestamp);
  try {
    // Anew: the old one may share its bytes with a staged input.
    rmSync(path, { force: true });
    writeFileSync(path, '');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    // No directory there: the checks say so.
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw diskError(path, cause);
  }
}
