import { KonvergeError } from '../../../domain/error.ts';
import { podLayout } from '../../../domain/pod-layout.ts';
import { environmentFileName } from '../../../domain/pod-wrapper.ts';

/** Key of the Secret: what the wrapper sources before it does anything else. */
export const environmentKey = environmentFileName;

/** The kernel's limit of one string of an environment, its name and `=` included (MAX_ARG_STRLEN). */
const maxVariableBytes = 128 * 1024 - 1;

/**
 * Left out: what the pod has of its own (HOME and TMPDIR are the wrapper's), what tells of the front end's own shell, and what a
 * shell lets nobody set, or ends if somebody tries.
 */
const notOurs = new Set(
  `HOME TMPDIR PWD OLDPWD SHLVL _ IFS OPTIND OPTARG PPID UID EUID BASHOPTS SHELLOPTS BASH_VERSINFO BASH_ENV ENV`.split(
    ' ',
  ),
);

/**
 * The environment of a step as a file of POSIX shell. In the Secret and not in the pod's `env`: values may be secret, and the
 * object stays small whatever they are. Throws `resource-invalid` for what no process can have.
 */
export function environmentFile(
  rule: string,
  env: Readonly<Record<string, string>>,
  tmp: string = podLayout.tmp,
): string {
  const lines = Object.entries({ ...env, TMP: tmp, TEMP: tmp, TEMPDIR: tmp })
    .filter(([name]) => !notOurs.has(name) && !name.startsWith('konverge_'))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => line(rule, name, value));
  return lines.join('');
}

function line(rule: string, name: string, value: string): string {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
    throw refusal(rule, `${JSON.stringify(name)} cannot be the name of a variable`);
  }
  if (value.includes('\0')) throw refusal(rule, `the value of ${name} has a NUL in it`);
  const bytes = Buffer.byteLength(name) + 1 + Buffer.byteLength(value);
  if (bytes > maxVariableBytes) {
    throw refusal(rule, `${name} has ${bytes} bytes, and one variable may have ${maxVariableBytes}`);
  }
  return `export ${name}=${shellWord(value)}\n`;
}

/** A word of POSIX shell, whatever is in it. */
export function shellWord(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function refusal(rule: string, what: string): KonvergeError {
  return new KonvergeError('resource-invalid', `rule ${rule}, environment: ${what}`, {
    hint: 'Pass large or unusual values by a file.',
  });
}
