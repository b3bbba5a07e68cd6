import { errorTable } from '../../src/domain/error-table.ts';
import { failureClasses, failureHints } from '../../src/domain/failure.ts';
import { table } from './regions.ts';
import { isProgramText, sourceFiles } from './source-files.ts';

/** The regions of docs/reference/errors.md. */
export function errorRegions(): Record<string, string> {
  return { 'error codes': errorCodes(), 'failure classes': classes() };
}

/** Codes that no line of src/ names, but the table itself. */
export function unraisedCodes(): string[] {
  const texts = sourceFiles('src', (file) => isProgramText(file) && file !== 'src/domain/error-table.ts');
  return Object.keys(errorTable).filter((code) => !texts.some(({ text }) => text.includes(`'${code}'`)));
}

function errorCodes(): string {
  const rows = Object.entries(errorTable).map(([code, { meaning, hint, httpStatus }]) => [
    `\`${code}\``,
    meaning,
    hint,
    String(httpStatus),
  ]);
  return `${table(['code', 'meaning', 'hint', 'HTTP status'], rows)}\n\n${unused('No line of this version raises', unraisedCodes())}`;
}

function classes(): string {
  const rows = failureClasses.map((name) => [`\`${name}\``, meanings[name], failureHints[name]]);
  const texts = ['src/engines', 'src/app'].flatMap((folder) => sourceFiles(folder, isProgramText));
  // What the codes of storage become is said beside the classes themselves.
  const byCode: readonly string[] = ['missing-output', 'storage'] satisfies (typeof failureClasses)[number][];
  const isGiven = (name: string): boolean =>
    byCode.includes(name) || texts.some(({ text }) => text.includes(`'${name}'`));
  const unraised = failureClasses.filter((name) => !isGiven(name));
  return `${table(['class', 'meaning', 'hint'], rows)}\n\n${unused('No engine of this version gives', unraised)}`;
}

function unused(sentence: string, names: readonly string[]): string {
  if (names.length === 0) return '';
  return `${sentence} ${names.map((name) => `\`${name}\``).join(', ')}; the names are kept for what is planned.`;
}

/** As the comment in failure.ts says it; the type asks for one of each. */
const meanings: Readonly<Record<(typeof failureClasses)[number], string>> = {
  user: 'The command ended with a non-zero exit code, or by a signal that nobody of ours sent.',
  'out-of-memory': 'The kernel or our watcher killed it at its memory limit.',
  timeout: 'It ran longer than its `runtime`.',
  'never-admissible': 'No queue can ever admit it.',
  image: 'Its container image cannot be had or has no usable shell.',
  lost: 'What ran it is gone (node, supervising process), and its end is unknown.',
  'missing-output': 'The command succeeded, but a declared output is not there.',
  storage: 'Inputs or outputs could not be moved.',
  service: 'A service of the step did not start, or ended before the application.',
  cancelled: 'Somebody asked for its end.',
};
