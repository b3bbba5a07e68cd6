import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { KonvergeError } from '../domain/error.ts';
import type { Configuration } from './configuration.ts';
import { configurationFrom } from './parse.ts';
import { KonvergeYaml } from './schema.ts';

/**
 * Reads konverge.yaml: the file that is named, else the one in the working directory, else none.
 * Throws `config-invalid` with file, line and field.
 */
export function loadConfiguration(workdir: string, named?: string): Configuration {
  const path = named ?? join(workdir, 'konverge.yaml');
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    if (named === undefined && (cause as NodeJS.ErrnoException).code === 'ENOENT') return configurationFrom({});
    throw new KonvergeError('config-invalid', `cannot read ${path}: ${(cause as Error).message}`, { cause });
  }
  return { ...parseConfiguration(text, path), path };
}

/** Parses the text of a konverge.yaml; `path` is for messages. */
export function parseConfiguration(text: string, path: string): Configuration {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: true });
  const [fault] = document.errors;
  if (fault) throw new KonvergeError('config-invalid', `${path}: ${fault.message}`);
  const parsed = KonvergeYaml.safeParse(document.toJS() ?? {});
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => {
      const line = lineOf(document, lines, whereOf(issue));
      return `${path}${line === undefined ? '' : `:${line}`}: ${fieldName(issue.path)}: ${describe(issue)}`;
    });
    throw new KonvergeError('config-invalid', faults.join('\n'));
  }
  return configurationFrom(parsed.data, path);
}

/** The place of a fault; of an unknown key, the key itself. */
function whereOf(issue: z.core.$ZodIssue): readonly PropertyKey[] {
  return issue.code === 'unrecognized_keys' ? [...issue.path, ...issue.keys.slice(0, 1)] : issue.path;
}

function fieldName(path: readonly PropertyKey[]): string {
  return path.length === 0 ? 'the file' : path.map(String).join('.');
}

function describe(issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys')
    return `unknown setting ${issue.keys.map((key) => JSON.stringify(key)).join(', ')}`;
  if (issue.code === 'invalid_union') {
    const inner = issue.errors.flat().map((one) => one.message);
    return inner.length > 0 ? [...new Set(inner)].join(', or ') : issue.message;
  }
  return issue.message;
}

/** The line of the innermost node on a path that exists: a missing field is shown at its parent. */
function lineOf(
  document: ReturnType<typeof parseDocument>,
  lines: LineCounter,
  path: readonly PropertyKey[],
): number | undefined {
  for (let length = path.length; length > 0; length -= 1) {
    const node = document.getIn(path.slice(0, length), true) as { range?: [number, number, number] } | undefined;
    if (node?.range) return lines.linePos(node.range[0]).line;
  }
  return undefined;
}
