import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { z } from 'zod';
import type { StateDir } from '../../../config/state-dir.ts';
import { Previews } from '../../http/schemas.ts';
import type { CliContext } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { manifestsIn, modeOf, yamlDocuments } from '../explanation-text.ts';
import { say, sayJson } from '../output.ts';
import { SnakemakeProcess } from './snakemake-process.ts';

export type Preview = z.infer<typeof Previews>['results'][number];

/** The flag by which the plugin has the core plan the jobs that are ready, writes the answer to a file, and runs nothing. */
export const dryRunFlag = '--kueue-dry-run';

/**
 * Prints what the first steps of a run would become, and creates none of it: the jobs that are ready before anything has run.
 * On standard output stands YAML that kubectl can read, with the rest as comments. Resolves with the exit code.
 */
export async function showFirstWave(
  context: CliContext,
  state: StateDir,
  { argv, json }: { readonly argv: readonly string[]; readonly json: boolean },
): Promise<number> {
  const file = join(state.path, `first-wave-${process.pid}.json`);
  try {
    // A run that goes on in this directory holds the lock; looking does not disturb it.
    const call = { argv: [...argv, dryRunFlag, file, '--nolock'] };
    const snakemake = SnakemakeProcess.logged(context, call, join(state.path, 'snakemake-dry-run.log'));
    const code = await snakemake.ended;
    if (code !== 0) {
      for (const line of snakemake.lastWords()) context.process.stderr.write(`${line}\n`);
      return code;
    }
    const previews = readPreviews(file);
    if (json) for (const preview of previews) sayJson(context, preview);
    else say(context, textOf(previews));
    return previews.some(({ outcome }) => outcome === 'refused') ? exitCodes.failed.code : exitCodes.done.code;
  } finally {
    rmSync(file, { force: true });
  }
}

/** Nothing is written where nothing is to be done. */
function readPreviews(file: string): readonly Preview[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return [];
  }
  return Previews.pick({ results: true }).parse(JSON.parse(text)).results;
}

/** Pure. */
export function textOf(previews: readonly Preview[]): string {
  if (previews.length === 0) return '# no step is ready to be submitted';
  const refused = previews.filter(({ outcome }) => outcome === 'refused').length;
  const head = `# the first wave: ${previews.length} steps${refused > 0 ? `, of which ${refused} would be refused` : ''}\n`;
  return (head + previews.map(previewText).join('')).trimEnd();
}

function previewText({ ref, explanation, error }: Preview): string {
  if (explanation === undefined) {
    return comment([`${ref}: refused: ${error?.code ?? ''}: ${error?.message ?? ''}`, `  ${error?.hint ?? ''}`]);
  }
  const objects = manifestsIn(explanation.plan);
  const lines = [
    `${explanation.label}  (${explanation.step})`,
    `kind    ${explanation.kind}, because ${explanation.kindReason}`,
    `queue   ${explanation.queue}`,
    `mode    ${modeOf(explanation)}`,
    ...(objects?.notes ?? []).map((note) => `note    ${note}`),
  ];
  return comment(lines) + yamlDocuments(objects?.manifests ?? [explanation.plan]);
}

function comment(lines: readonly string[]): string {
  const words = lines.flatMap((line) => line.split('\n'));
  return `#\n${words.map((word) => `# ${word}`.trimEnd()).join('\n')}\n`;
}
